#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

#include "base/random.hpp"

namespace digits {

/// Random numbers of one image. Each kind of change draws whether or not it is wanted from a stream of its own, so
/// that switching one on leaves the others as they were.
class Draws {
  public:
    /// The numbers of the streams must never change: a resumed training draws from them again.
    enum Kind : std::uint64_t {
        kFlip = 1,
        kTurn,
        kRotation,
        kScale,
        kHue,
        kSaturation,
        kValue,
        kContrast,
        kNoise,
        kErasing,
        kMosaic
    };

    Draws(std::uint64_t seed, std::uint64_t index) : seed_(seed ^ kSeedMask), index_(index) {}

    SplitMix64 stream(Kind kind) const { return {SplitMix64(seed_, kind).next(), index_}; }
    /// In [0, 1).
    static double uniform(SplitMix64& random) { return static_cast<double>(random.next() >> 11) * 0x1.0p-53; }
    static double normal(SplitMix64& random) {
        const double radius = std::sqrt(-2 * std::log(1 - uniform(random)));
        return radius * std::cos(2 * std::numbers::pi * uniform(random));
    }

  private:
    /// Apart from the stream that crops and mirrors.
    static constexpr std::uint64_t kSeedMask = 0xa3c59ac2f1e7b04dULL;

    std::uint64_t seed_;
    std::uint64_t index_;
};

}  // namespace digits
