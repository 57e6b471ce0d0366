#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

namespace digits {

/// Counter-based random numbers: each is a function of a key and a counter alone, so any thread can draw any
/// part of a stream. The mixing is SplitMix64's (Steele, Lea, Flood 2014).
inline std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

inline std::uint64_t hash(std::uint64_t seed, std::string_view name, std::uint64_t index) {
    std::uint64_t key = mix(seed);
    for (const char c : name) key = mix(key ^ static_cast<unsigned char>(c));
    return mix(key ^ index);
}

class RandomStream {
  public:
    explicit RandomStream(std::uint64_t key) : key_(key) {}
    std::uint64_t next() { return mix(key_ + 0xd1342543de82ef95ULL * counter_++); }
    /// In [0, 1), 24 bits.
    float uniform() { return static_cast<float>(next() >> 40) * 0x1p-24F; }
    /// Standard normal, by Box and Muller.
    float normal() {
        const double u = (static_cast<double>(next() >> 11) + 1.0) * 0x1p-53;
        const double v = static_cast<double>(next() >> 11) * 0x1p-53;
        return static_cast<float>(std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v));
    }

  private:
    std::uint64_t key_;
    std::uint64_t counter_ = 0;
};

}  // namespace digits
