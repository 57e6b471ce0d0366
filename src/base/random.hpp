#pragma once

#include <cstdint>
#include <span>
#include <utility>

namespace digits {

/// splitmix64: a counter whose every step is mixed well. The same numbers on every machine, which the standard
/// library's distributions do not promise.
class SplitMix64 {
  public:
    explicit SplitMix64(std::uint64_t seed) : state_(seed) {}
    /// A stream of its own for each `stream` of one seed.
    SplitMix64(std::uint64_t seed, std::uint64_t stream) : state_(seed) {
        state_ = next() + stream * 0xd1342543de82ef95ull;
    }

    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15ull;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        return z ^ (z >> 31);
    }
    /// 0 to n-1; n up to 2^32.
    std::uint64_t below(std::uint64_t n) { return ((next() >> 32) * n) >> 32; }

  private:
    std::uint64_t state_;
};

template <class T>
void shuffle(std::span<T> items, SplitMix64& random) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.below(i)]);
}

}  // namespace digits
