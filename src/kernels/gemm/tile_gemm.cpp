#include "kernels/gemm/tile_gemm.hpp"

#include <algorithm>

#include "kernels/isa/simd.hpp"

#ifdef DIGITS_X86_KERNELS
#include <immintrin.h>
#define DIGITS_TILE_KERNEL __attribute__((target("avx2,fma,avx512f,avx512bw,avx512vl,avx512bf16,amx-tile,amx-bf16")))
#endif

namespace digits {
namespace {

namespace plain {

void tile_gemm(const TileOperands& operands, bool narrow, bool accumulate, float* sums) {
    const std::int64_t columns = narrow ? kTile : kTileBlock;
    for (std::int64_t i = 0; i < kTileBlock; ++i)
        for (std::int64_t j = 0; j < columns; ++j) {
            float sum = accumulate ? sums[i * kTileBlock + j] : 0.0F;
            const Bf16* b = operands.b + j / kTile * operands.b_columns + j % kTile * 2;
            for (std::int64_t tap = 0; tap < operands.taps; ++tap) {
                const Bf16* a = operands.a + operands.offsets[tap] + i * operands.a_stride;
                for (std::int64_t step = 0; step < operands.steps; ++step, a += kTileDepth, b += operands.b_step)
                    for (std::int64_t k = 0; k < kTileDepth; ++k) sum += load(a[k]) * load(b[k / 2 * 32 + k % 2]);
            }
            sums[i * kTileBlock + j] = sum;
        }
}

void pack_tile_weights(const float* w, std::int64_t k_stride, std::int64_t j_stride, std::int64_t depth,
                       std::int64_t columns, Bf16* tiles) {
    const std::int64_t steps = (depth + kTileDepth - 1) / kTileDepth;
    std::fill_n(tiles, steps * kTileSize, Bf16{});
    for (std::int64_t k = 0; k < depth; ++k)
        for (std::int64_t j = 0; j < std::min(columns, kTile); ++j)
            store(tiles[k / kTileDepth * kTileSize + k % kTileDepth / 2 * 32 + j * 2 + k % 2],
                  w[k * k_stride + j * j_stride]);
}

void pack_tile_rows(const Bf16* const* rows, std::int64_t columns, Bf16* tiles, std::int64_t stride) {
    for (std::int64_t j = 0; j < columns; j += kTile) std::fill_n(tiles + j / kTile * stride, kTileSize, Bf16{});
    for (std::int64_t k = 0; k < kTileDepth; ++k)
        for (std::int64_t j = 0; j < columns; ++j)
            tiles[j / kTile * stride + k / 2 * 32 + j % kTile * 2 + k % 2] = rows[k][j];
}

void transpose_tile_rows(const Bf16* const* rows, std::int64_t columns, Bf16* transposed, std::int64_t stride) {
    for (std::int64_t j = 0; j < columns; ++j)
        for (std::int64_t k = 0; k < kTileDepth; ++k) transposed[j * stride + k] = rows[k][j];
}

void copy_lines(const Bf16* from, std::int64_t distance, std::int64_t lines, std::int64_t count, Bf16* to) {
    for (std::int64_t line = 0; line < lines; ++line, from += distance, to += count) std::copy_n(from, count, to);
}

void copy_strided(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) to[i * to_stride] = from[i * from_stride];
}

void store_tile_block(const float* sums, const float* bias, bool relu, std::int64_t first, std::int64_t columns,
                      Bf16* const* rows) {
    for (std::int64_t i = 0; i < kTileBlock; ++i) {
        if (!rows[i]) continue;
        for (std::int64_t j = 0; j < columns; ++j) {
            const float value = sums[i * kTileBlock + j] + (bias ? bias[j] : 0.0F);
            store(rows[i][first + j], relu && value < 0 ? 0.0F : value);
        }
    }
}

[[maybe_unused]] void configure_registers() {}
[[maybe_unused]] void release_registers() {}

}  // namespace plain

#ifdef DIGITS_X86_KERNELS
namespace amx {

/// The operand of LDTILECFG: palette 1, eight tiles of 16 rows of 64 bytes.
struct alignas(64) TileLayout {
    std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
    std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

DIGITS_TILE_KERNEL void configure_registers() {
    static const TileLayout layout;
    _tile_loadconfig(&layout);
}
DIGITS_TILE_KERNEL void release_registers() { _tile_release(); }

template <bool kNarrow>
DIGITS_TILE_KERNEL void sum_block(const TileOperands& operands, bool accumulate, float* sums) {
    constexpr std::int64_t kRow = kTileBlock * 4;
    float* const below = sums + kTile * kTileBlock;
    if (accumulate) {
        _tile_loadd(0, sums, kRow);
        if constexpr (!kNarrow) _tile_loadd(1, sums + kTile, kRow);
        _tile_loadd(2, below, kRow);
        if constexpr (!kNarrow) _tile_loadd(3, below + kTile, kRow);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
    const std::int64_t a_row = operands.a_stride * 2;
    const Bf16* b = operands.b;
    for (std::int64_t tap = 0; tap < operands.taps; ++tap) {
        const Bf16* a = operands.a + operands.offsets[tap];
        for (std::int64_t step = 0; step < operands.steps; ++step, a += kTileDepth, b += operands.b_step) {
            _tile_loadd(4, a, a_row);
            _tile_loadd(6, b, 64);
            _tile_loadd(5, a + kTile * operands.a_stride, a_row);
            if constexpr (!kNarrow) _tile_loadd(7, b + operands.b_columns, 64);
            _tile_dpbf16ps(0, 4, 6);
            if constexpr (!kNarrow) _tile_dpbf16ps(1, 4, 7);
            _tile_dpbf16ps(2, 5, 6);
            if constexpr (!kNarrow) _tile_dpbf16ps(3, 5, 7);
        }
    }
    _tile_stored(0, sums, kRow);
    if constexpr (!kNarrow) _tile_stored(1, sums + kTile, kRow);
    _tile_stored(2, below, kRow);
    if constexpr (!kNarrow) _tile_stored(3, below + kTile, kRow);
}

void tile_gemm(const TileOperands& operands, bool narrow, bool accumulate, float* sums) {
    narrow ? sum_block<true>(operands, accumulate, sums) : sum_block<false>(operands, accumulate, sums);
}

DIGITS_TILE_KERNEL inline __mmask32 first_lanes(std::int64_t count) {
    return count >= 32 ? 0xFFFFFFFFU : (1U << static_cast<unsigned>(count)) - 1U;
}

/// The offsets of 16 values with this stride.
DIGITS_TILE_KERNEL inline __m512i strided_offsets(std::int64_t stride) {
    const __m512i lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    return _mm512_mullo_epi32(lanes, _mm512_set1_epi32(static_cast<int>(stride)));
}

/// Rounds two vectors to bf16 and interleaves them into 16 pairs.
DIGITS_TILE_KERNEL inline __m512i pairs(__m512 even, __m512 odd) {
    const auto low = _mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(even)));
    const auto high = _mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(odd)));
    return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

DIGITS_TILE_KERNEL void pack_tile_weights(const float* w, std::int64_t k_stride, std::int64_t j_stride,
                                          std::int64_t depth, std::int64_t columns, Bf16* tiles) {
    const __m512i column_offsets = strided_offsets(j_stride);
    const auto mask = static_cast<__mmask16>(first_lanes(columns));
    const std::int64_t padded = (depth + kTileDepth - 1) / kTileDepth * kTileDepth;
    const __m512 zero = _mm512_setzero_ps();
    for (std::int64_t k = 0; k < padded; k += 2, tiles += 2 * kTile) {
        const __m512 even =
            k < depth ? _mm512_mask_i32gather_ps(zero, mask, column_offsets, w + k * k_stride, 4) : zero;
        const __m512 odd =
            k + 1 < depth ? _mm512_mask_i32gather_ps(zero, mask, column_offsets, w + (k + 1) * k_stride, 4) : zero;
        _mm512_storeu_si512(tiles, pairs(even, odd));
    }
}

/// Interleaves two rows of 32 values: pairs of the first 16 columns, and of the others.
DIGITS_TILE_KERNEL inline void interleave(__m512i even, __m512i odd, __m512i& first, __m512i& second) {
    const __m512i low_even = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(even));
    const __m512i low_odd = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(odd));
    const __m512i high_even = _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(even, 1));
    const __m512i high_odd = _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(odd, 1));
    first = _mm512_or_si512(low_even, _mm512_slli_epi32(low_odd, 16));
    second = _mm512_or_si512(high_even, _mm512_slli_epi32(high_odd, 16));
}

DIGITS_TILE_KERNEL void pack_tile_rows(const Bf16* const* rows, std::int64_t columns, Bf16* tiles,
                                       std::int64_t stride) {
    for (std::int64_t j = 0; j < columns; j += kTileBlock) {
        const __mmask32 mask = first_lanes(columns - j);
        Bf16* first = tiles + j / kTile * stride;
        const bool both = columns - j > kTile;
        for (std::int64_t k = 0; k < kTileDepth; k += 2, first += 2 * kTile) {
            __m512i left, right;
            interleave(_mm512_maskz_loadu_epi16(mask, rows[k] + j), _mm512_maskz_loadu_epi16(mask, rows[k + 1] + j),
                       left, right);
            _mm512_storeu_si512(first, left);
            if (both) _mm512_storeu_si512(first + stride, right);
        }
    }
}

DIGITS_TILE_KERNEL void copy_lines(const Bf16* from, std::int64_t distance, std::int64_t lines, std::int64_t count,
                                   Bf16* to) {
    for (std::int64_t line = 0; line < lines; ++line, from += distance, to += count)
        for (std::int64_t i = 0; i < count; i += 32) {
            const __mmask32 mask = first_lanes(count - i);
            _mm512_mask_storeu_epi16(to + i, mask, _mm512_maskz_loadu_epi16(mask, from + i));
        }
}

DIGITS_TILE_KERNEL void copy_strided(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride,
                                     std::int64_t count) {
    const __m512i sources = strided_offsets(from_stride), targets = strided_offsets(to_stride);
    for (std::int64_t i = 0; i < count; i += 16) {
        const auto mask = static_cast<__mmask16>(first_lanes(count - i));
        const float* source = from + i * from_stride;
        const __m512 values = from_stride == 1
                                  ? _mm512_maskz_loadu_ps(mask, source)
                                  : _mm512_mask_i32gather_ps(_mm512_setzero_ps(), mask, sources, source, 4);
        float* target = to + i * to_stride;
        if (to_stride == 1)
            _mm512_mask_storeu_ps(target, mask, values);
        else
            _mm512_mask_i32scatter_ps(target, mask, targets, values, 4);
    }
}

/// Transposes 16 x 16 values of 32 bits.
DIGITS_TILE_KERNEL inline void transpose16(__m512i (&v)[16]) {
    __m512i t[16];
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(v[i], v[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(v[i], v[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        v[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        v[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        v[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        v[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    // v[4 g + c] has now, in each quarter q, column 4 q + c of the rows 4 g … 4 g + 3.
    for (int c = 0; c < 4; ++c) {
        t[c] = _mm512_shuffle_i32x4(v[c], v[4 + c], 0x88);
        t[4 + c] = _mm512_shuffle_i32x4(v[c], v[4 + c], 0xDD);
        t[8 + c] = _mm512_shuffle_i32x4(v[8 + c], v[12 + c], 0x88);
        t[12 + c] = _mm512_shuffle_i32x4(v[8 + c], v[12 + c], 0xDD);
    }
    for (int c = 0; c < 4; ++c) {
        v[c] = _mm512_shuffle_i32x4(t[c], t[8 + c], 0x88);
        v[8 + c] = _mm512_shuffle_i32x4(t[c], t[8 + c], 0xDD);
        v[4 + c] = _mm512_shuffle_i32x4(t[4 + c], t[12 + c], 0x88);
        v[12 + c] = _mm512_shuffle_i32x4(t[4 + c], t[12 + c], 0xDD);
    }
}

DIGITS_TILE_KERNEL void transpose_tile_rows(const Bf16* const* rows, std::int64_t columns, Bf16* transposed,
                                            std::int64_t stride) {
    for (std::int64_t j = 0; j < columns; j += kTileBlock) {
        const __mmask32 mask = first_lanes(columns - j);
        __m512i left[16], right[16];
        for (int k = 0; k < 16; ++k)
            interleave(_mm512_maskz_loadu_epi16(mask, rows[2 * k] + j),
                       _mm512_maskz_loadu_epi16(mask, rows[2 * k + 1] + j), left[k], right[k]);
        transpose16(left);
        const std::int64_t count = std::min(columns - j, kTileBlock);
        for (std::int64_t c = 0; c < std::min(count, kTile); ++c)
            _mm512_storeu_si512(transposed + (j + c) * stride, left[c]);
        if (count <= kTile) continue;
        transpose16(right);
        for (std::int64_t c = kTile; c < count; ++c)
            _mm512_storeu_si512(transposed + (j + c) * stride, right[c - kTile]);
    }
}

DIGITS_TILE_KERNEL void store_tile_block(const float* sums, const float* bias, bool relu, std::int64_t first,
                                         std::int64_t columns, Bf16* const* rows) {
    const __mmask32 mask = first_lanes(columns);
    const auto low = static_cast<__mmask16>(mask), high = static_cast<__mmask16>(mask >> 16U);
    const __m512 left = bias ? _mm512_maskz_loadu_ps(low, bias) : _mm512_setzero_ps();
    const __m512 right = bias && high ? _mm512_maskz_loadu_ps(high, bias + kTile) : _mm512_setzero_ps();
    // MAXPS returns its second operand for NaN.
    const __m512 least = _mm512_set1_ps(relu ? 0.0F : -__builtin_inff());
    for (std::int64_t i = 0; i < kTileBlock; ++i, sums += kTileBlock) {
        if (!rows[i]) continue;
        const __m512 a = _mm512_max_ps(least, _mm512_add_ps(_mm512_loadu_ps(sums), left));
        const __m512 b = _mm512_max_ps(least, _mm512_add_ps(_mm512_loadu_ps(sums + kTile), right));
        const auto both = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(b, a));
        if (mask == 0xFFFFFFFFU) {
            _mm512_storeu_si512(rows[i] + first, both);
        } else {
            _mm512_mask_storeu_epi16(rows[i] + first, mask, both);
        }
    }
}

}  // namespace amx
#else
namespace amx = plain;
#endif

}  // namespace

TileRegisters::TileRegisters() { has_amx() ? amx::configure_registers() : plain::configure_registers(); }
TileRegisters::~TileRegisters() { has_amx() ? amx::release_registers() : plain::release_registers(); }

void tile_gemm(const TileOperands& operands, bool narrow, bool accumulate, float* sums) {
    has_amx() ? amx::tile_gemm(operands, narrow, accumulate, sums)
              : plain::tile_gemm(operands, narrow, accumulate, sums);
}
void pack_tile_weights(const float* w, std::int64_t k_stride, std::int64_t j_stride, std::int64_t depth,
                       std::int64_t columns, Bf16* tiles) {
    has_amx() ? amx::pack_tile_weights(w, k_stride, j_stride, depth, columns, tiles)
              : plain::pack_tile_weights(w, k_stride, j_stride, depth, columns, tiles);
}
void pack_tile_rows(const Bf16* const* rows, std::int64_t columns, Bf16* tiles, std::int64_t stride) {
    has_amx() ? amx::pack_tile_rows(rows, columns, tiles, stride) : plain::pack_tile_rows(rows, columns, tiles, stride);
}
void transpose_tile_rows(const Bf16* const* rows, std::int64_t columns, Bf16* transposed, std::int64_t stride) {
    has_amx() ? amx::transpose_tile_rows(rows, columns, transposed, stride)
              : plain::transpose_tile_rows(rows, columns, transposed, stride);
}
void copy_lines(const Bf16* from, std::int64_t distance, std::int64_t lines, std::int64_t count, Bf16* to) {
    has_amx() ? amx::copy_lines(from, distance, lines, count, to) : plain::copy_lines(from, distance, lines, count, to);
}
void copy_strided(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride, std::int64_t count) {
    has_amx() ? amx::copy_strided(from, from_stride, to, to_stride, count)
              : plain::copy_strided(from, from_stride, to, to_stride, count);
}
void store_tile_block(const float* sums, const float* bias, bool relu, std::int64_t first, std::int64_t columns,
                      Bf16* const* rows) {
    has_amx() ? amx::store_tile_block(sums, bias, relu, first, columns, rows)
              : plain::store_tile_block(sums, bias, relu, first, columns, rows);
}

}  // namespace digits
