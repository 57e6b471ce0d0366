#pragma once

#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "kernels/isa/bf16.hpp"

namespace digits {

template <int kLanes>
struct LaneTypes;
template <>
struct LaneTypes<16> {
    typedef float Floats __attribute__((vector_size(64)));
    typedef std::int32_t Ints __attribute__((vector_size(64)));
    typedef std::uint32_t Words __attribute__((vector_size(64)));
    typedef std::uint16_t Halves __attribute__((vector_size(32)));
};
template <>
struct LaneTypes<8> {
    typedef float Floats __attribute__((vector_size(32)));
    typedef std::int32_t Ints __attribute__((vector_size(32)));
    typedef std::uint32_t Words __attribute__((vector_size(32)));
    typedef std::uint16_t Halves __attribute__((vector_size(16)));
};
template <>
struct LaneTypes<4> {
    typedef float Floats __attribute__((vector_size(16)));
    typedef std::int32_t Ints __attribute__((vector_size(16)));
    typedef std::uint32_t Words __attribute__((vector_size(16)));
    typedef std::uint16_t Halves __attribute__((vector_size(8)));
};
template <>
struct LaneTypes<1> {
    typedef float Floats __attribute__((vector_size(4)));
    typedef std::int32_t Ints __attribute__((vector_size(4)));
    typedef std::uint32_t Words __attribute__((vector_size(4)));
    typedef std::uint16_t Halves __attribute__((vector_size(2)));
};

/// Operations on kLanes (16, 8, 4 or 1) values as vectors of the compiler, which compiles them for the instruction set
/// of the kernel that they are inlined into.
template <int kLanes>
struct Lanes {
    using Floats = typename LaneTypes<kLanes>::Floats;
    using Ints = typename LaneTypes<kLanes>::Ints;
    using Words = typename LaneTypes<kLanes>::Words;
    using Halves = typename LaneTypes<kLanes>::Halves;

    DIGITS_KERNEL_INLINE static Floats read(const float* from) {
        Floats values;
        std::memcpy(&values, from, sizeof values);
        return values;
    }
    DIGITS_KERNEL_INLINE static Floats read(const Bf16* from) {
#ifdef __AVX512BF16__
        // GCC 12 compiles the generic conversion to four instructions.
        if constexpr (kLanes == 16) {
            const auto halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
            return reinterpret_cast<Floats>(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
        }
#endif
        Halves halves;
        std::memcpy(&halves, from, sizeof halves);
        return reinterpret_cast<Floats>(__builtin_convertvector(halves, Words) << 16);
    }
    DIGITS_KERNEL_INLINE static void write(float* to, const Floats& values) { std::memcpy(to, &values, sizeof values); }
    /// Rounds as store() does.
    DIGITS_KERNEL_INLINE static void write(Bf16* to, const Floats& values) {
#ifdef __AVX512BF16__
        if constexpr (kLanes == 16) {
            const __m256bh halves = _mm512_cvtneps_pbh(reinterpret_cast<__m512>(values));
            std::memcpy(&to->bits, &halves, sizeof halves);
            return;
        }
#endif
        const auto bits = reinterpret_cast<Words>(values);
        const Words rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
        const Words nan = Words{} + 0x7FC0U;
        const auto halves = __builtin_convertvector((bits & 0x7FFFFFFFU) > 0x7F800000U ? nan : rounded, Halves);
        std::memcpy(&to->bits, &halves, sizeof halves);
    }
    /// Reads the first `count` values and fills up with zeros; writes the first `count` values only.
    template <class T>
    DIGITS_KERNEL_INLINE static Floats read_some(const T* from, std::int64_t count) {
        if (count >= kLanes) return read(from);
        alignas(Floats) T values[kLanes] = {};
        for (std::int64_t i = 0; i < count; ++i) values[i] = from[i];
        return read(values);
    }
    template <class T>
    DIGITS_KERNEL_INLINE static void write_some(T* to, const Floats& values, std::int64_t count) {
        if (count >= kLanes) return write(to, values);
        alignas(Floats) T all[kLanes];
        write(all, values);
        for (std::int64_t i = 0; i < count; ++i) to[i] = all[i];
    }
    /// Writes around the caches where the instruction set can; `to` must be aligned for that.
    template <class T>
    DIGITS_KERNEL_INLINE static void stream(T* to, const Floats& values) {
#ifdef __AVX512BF16__
        if constexpr (kLanes == 16 && std::is_same_v<T, float>) {
            _mm512_stream_ps(to, reinterpret_cast<__m512>(values));
            return;
        } else if constexpr (kLanes == 16) {
            const __m256bh halves = _mm512_cvtneps_pbh(reinterpret_cast<__m512>(values));
            _mm256_stream_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(halves));
            return;
        }
#endif
        write(to, values);
    }
    DIGITS_KERNEL_INLINE static Ints read(const std::int32_t* from) {
        Ints values;
        std::memcpy(&values, from, sizeof values);
        return values;
    }
    DIGITS_KERNEL_INLINE static void write(std::int32_t* to, const Ints& values) {
        std::memcpy(to, &values, sizeof values);
    }
};

}  // namespace digits
