#pragma once

#include <bit>
#include <cstdint>

#include "kernels/isa/inline.hpp"

namespace digits {

/// A value of 16 bits, the upper half of a float's. Kernels compute in float and round what they store to the nearest,
/// ties to even.
struct Bf16 {
    std::uint16_t bits = 0;
};

DIGITS_KERNEL_INLINE float load(const float& value) { return value; }
DIGITS_KERNEL_INLINE float load(const Bf16& value) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

DIGITS_KERNEL_INLINE void store(float& place, float value) { place = value; }
DIGITS_KERNEL_INLINE void store(Bf16& place, float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
    const bool is_nan = (bits & 0x7FFFFFFFU) > 0x7F800000U;
    place.bits = static_cast<std::uint16_t>(is_nan ? 0x7FC0U : rounded);
}

}  // namespace digits
