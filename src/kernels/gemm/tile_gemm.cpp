#include "kernels/gemm/tile_gemm.hpp"

#include <algorithm>

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define DIGITS_TILES
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#define DIGITS_TILE_KERNEL __attribute__((target("avx2,fma,avx512f,avx512bw,avx512vl,avx512bf16,amx-tile,amx-bf16")))
#endif

namespace digits {
namespace {

bool g_plain = false;

namespace plain {

void sum_tiles(const TileFactors& factors, bool narrow, bool add, float* sums) {
    const std::int64_t columns = narrow ? kTile : kTileBlock;
    for (std::int64_t i = 0; i < kTileBlock; ++i)
        for (std::int64_t j = 0; j < columns; ++j) {
            float sum = add ? sums[i * kTileBlock + j] : 0.0F;
            const Bf16* b = factors.b + j / kTile * factors.b_columns + j % kTile * 2;
            for (std::int64_t tap = 0; tap < factors.taps; ++tap) {
                const Bf16* a = factors.a + factors.offsets[tap] + i * factors.a_stride;
                for (std::int64_t step = 0; step < factors.steps; ++step, a += kTileDepth, b += factors.b_step)
                    for (std::int64_t k = 0; k < kTileDepth; ++k) sum += load(a[k]) * load(b[k / 2 * 32 + k % 2]);
            }
            sums[i * kTileBlock + j] = sum;
        }
}

void pack_tiles(const float* w, std::int64_t k_stride, std::int64_t j_stride, std::int64_t depth, std::int64_t columns,
                Bf16* tiles) {
    const std::int64_t steps = (depth + kTileDepth - 1) / kTileDepth;
    std::fill_n(tiles, steps * kTileSize, Bf16{});
    for (std::int64_t k = 0; k < depth; ++k)
        for (std::int64_t j = 0; j < std::min(columns, kTile); ++j)
            store(tiles[k / kTileDepth * kTileSize + k % kTileDepth / 2 * 32 + j * 2 + k % 2],
                  w[k * k_stride + j * j_stride]);
}

void pack_rows(const Bf16* const* rows, std::int64_t columns, Bf16* tiles, std::int64_t stride) {
    for (std::int64_t j = 0; j < columns; j += kTile) std::fill_n(tiles + j / kTile * stride, kTileSize, Bf16{});
    for (std::int64_t k = 0; k < kTileDepth; ++k)
        for (std::int64_t j = 0; j < columns; ++j)
            tiles[j / kTile * stride + k / 2 * 32 + j % kTile * 2 + k % 2] = rows[k][j];
}

void turn_rows(const Bf16* const* rows, std::int64_t columns, Bf16* turned, std::int64_t stride) {
    for (std::int64_t j = 0; j < columns; ++j)
        for (std::int64_t k = 0; k < kTileDepth; ++k) turned[j * stride + k] = rows[k][j];
}

void copy_lines(const Bf16* from, std::int64_t distance, std::int64_t lines, std::int64_t count, Bf16* to) {
    for (std::int64_t line = 0; line < lines; ++line, from += distance, to += count) std::copy_n(from, count, to);
}

void copy_strided(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) to[i * to_stride] = from[i * from_stride];
}

void store_tiles(const float* sums, const float* bias, bool rectify, std::int64_t first, std::int64_t columns,
                 Bf16* const* rows) {
    for (std::int64_t i = 0; i < kTileBlock; ++i) {
        if (!rows[i]) continue;
        for (std::int64_t j = 0; j < columns; ++j) {
            const float value = sums[i * kTileBlock + j] + (bias ? bias[j] : 0.0F);
            store(rows[i][first + j], rectify && value < 0 ? 0.0F : value);
        }
    }
}

[[maybe_unused]] bool ask_for_registers() { return false; }
void set_up_registers() {}
void release_registers() {}

}  // namespace plain

#ifdef DIGITS_TILES
namespace amx {

/// What LDTILECFG reads: palette 1, eight tiles of 16 rows of 64 bytes.
struct alignas(64) TileLayout {
    std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
    std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

bool ask_for_registers() {
    for (const bool supported :
         {__builtin_cpu_supports("avx512bw"), __builtin_cpu_supports("avx512vl"), __builtin_cpu_supports("avx512bf16"),
          __builtin_cpu_supports("amx-tile"), __builtin_cpu_supports("amx-bf16")})
        if (!supported) return false;
    // arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA): Linux saves the registers only for those who asked.
    return syscall(SYS_arch_prctl, 0x1023, 18) == 0;
}
DIGITS_TILE_KERNEL void set_up_registers() {
    static const TileLayout layout;
    _tile_loadconfig(&layout);
}
DIGITS_TILE_KERNEL void release_registers() { _tile_release(); }

template <bool kNarrow>
DIGITS_TILE_KERNEL void sum_block(const TileFactors& factors, bool add, float* sums) {
    constexpr std::int64_t kRow = kTileBlock * 4;
    float* const below = sums + kTile * kTileBlock;
    if (add) {
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
    const std::int64_t a_row = factors.a_stride * 2;
    const Bf16* b = factors.b;
    for (std::int64_t tap = 0; tap < factors.taps; ++tap) {
        const Bf16* a = factors.a + factors.offsets[tap];
        for (std::int64_t step = 0; step < factors.steps; ++step, a += kTileDepth, b += factors.b_step) {
            _tile_loadd(4, a, a_row);
            _tile_loadd(6, b, 64);
            _tile_loadd(5, a + kTile * factors.a_stride, a_row);
            if constexpr (!kNarrow) _tile_loadd(7, b + factors.b_columns, 64);
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

void sum_tiles(const TileFactors& factors, bool narrow, bool add, float* sums) {
    narrow ? sum_block<true>(factors, add, sums) : sum_block<false>(factors, add, sums);
}

DIGITS_TILE_KERNEL inline __mmask32 first_lanes(std::int64_t count) {
    return count >= 32 ? 0xFFFFFFFFU : (1U << static_cast<unsigned>(count)) - 1U;
}

/// Where sixteen values lie that are so far apart.
DIGITS_TILE_KERNEL inline __m512i places(std::int64_t stride) {
    const __m512i lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    return _mm512_mullo_epi32(lanes, _mm512_set1_epi32(static_cast<int>(stride)));
}

/// Sixteen pairs out of the rounded values of two vectors.
DIGITS_TILE_KERNEL inline __m512i pairs(__m512 even, __m512 odd) {
    const auto low = _mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(even)));
    const auto high = _mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(odd)));
    return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

DIGITS_TILE_KERNEL void pack_tiles(const float* w, std::int64_t k_stride, std::int64_t j_stride, std::int64_t depth,
                                   std::int64_t columns, Bf16* tiles) {
    const __m512i columns_at = places(j_stride);
    const auto mask = static_cast<__mmask16>(first_lanes(columns));
    const std::int64_t padded = (depth + kTileDepth - 1) / kTileDepth * kTileDepth;
    const __m512 zero = _mm512_setzero_ps();
    for (std::int64_t k = 0; k < padded; k += 2, tiles += 2 * kTile) {
        const __m512 even = k < depth ? _mm512_mask_i32gather_ps(zero, mask, columns_at, w + k * k_stride, 4) : zero;
        const __m512 odd =
            k + 1 < depth ? _mm512_mask_i32gather_ps(zero, mask, columns_at, w + (k + 1) * k_stride, 4) : zero;
        _mm512_storeu_si512(tiles, pairs(even, odd));
    }
}

/// Two rows of 32 values as pairs: the first sixteen columns, and the others.
DIGITS_TILE_KERNEL inline void interleave(__m512i even, __m512i odd, __m512i& first, __m512i& second) {
    const __m512i low_even = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(even));
    const __m512i low_odd = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(odd));
    const __m512i high_even = _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(even, 1));
    const __m512i high_odd = _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(odd, 1));
    first = _mm512_or_si512(low_even, _mm512_slli_epi32(low_odd, 16));
    second = _mm512_or_si512(high_even, _mm512_slli_epi32(high_odd, 16));
}

DIGITS_TILE_KERNEL void pack_rows(const Bf16* const* rows, std::int64_t columns, Bf16* tiles, std::int64_t stride) {
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
    const __m512i sources = places(from_stride), targets = places(to_stride);
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

/// Turns 16 x 16 values of 32 bits.
DIGITS_TILE_KERNEL inline void turn16(__m512i (&v)[16]) {
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
    // Now v[4 g + c] holds, in each quarter q, column 4 q + c of the rows 4 g … 4 g + 3.
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

DIGITS_TILE_KERNEL void turn_rows(const Bf16* const* rows, std::int64_t columns, Bf16* turned, std::int64_t stride) {
    for (std::int64_t j = 0; j < columns; j += kTileBlock) {
        const __mmask32 mask = first_lanes(columns - j);
        __m512i left[16], right[16];
        for (int k = 0; k < 16; ++k)
            interleave(_mm512_maskz_loadu_epi16(mask, rows[2 * k] + j),
                       _mm512_maskz_loadu_epi16(mask, rows[2 * k + 1] + j), left[k], right[k]);
        turn16(left);
        const std::int64_t count = std::min(columns - j, kTileBlock);
        for (std::int64_t c = 0; c < std::min(count, kTile); ++c)
            _mm512_storeu_si512(turned + (j + c) * stride, left[c]);
        if (count <= kTile) continue;
        turn16(right);
        for (std::int64_t c = kTile; c < count; ++c) _mm512_storeu_si512(turned + (j + c) * stride, right[c - kTile]);
    }
}

DIGITS_TILE_KERNEL void store_tiles(const float* sums, const float* bias, bool rectify, std::int64_t first,
                                    std::int64_t columns, Bf16* const* rows) {
    const __mmask32 mask = first_lanes(columns);
    const auto low = static_cast<__mmask16>(mask), high = static_cast<__mmask16>(mask >> 16U);
    const __m512 left = bias ? _mm512_maskz_loadu_ps(low, bias) : _mm512_setzero_ps();
    const __m512 right = bias && high ? _mm512_maskz_loadu_ps(high, bias + kTile) : _mm512_setzero_ps();
    // The second operand is what comes out for NaN.
    const __m512 least = _mm512_set1_ps(rectify ? 0.0F : -__builtin_inff());
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

bool use_amx() { return has_tile_products() && !g_plain; }

}  // namespace

bool has_tile_products() {
    static const bool has = amx::ask_for_registers();
    return has;
}

void use_plain_tiles(bool plain) { g_plain = plain; }

TileRegisters::TileRegisters() { use_amx() ? amx::set_up_registers() : plain::set_up_registers(); }
TileRegisters::~TileRegisters() { use_amx() ? amx::release_registers() : plain::release_registers(); }

void sum_tiles(const TileFactors& factors, bool narrow, bool add, float* sums) {
    use_amx() ? amx::sum_tiles(factors, narrow, add, sums) : plain::sum_tiles(factors, narrow, add, sums);
}
void pack_tiles(const float* w, std::int64_t k_stride, std::int64_t j_stride, std::int64_t depth, std::int64_t columns,
                Bf16* tiles) {
    use_amx() ? amx::pack_tiles(w, k_stride, j_stride, depth, columns, tiles)
              : plain::pack_tiles(w, k_stride, j_stride, depth, columns, tiles);
}
void pack_rows(const Bf16* const* rows, std::int64_t columns, Bf16* tiles, std::int64_t stride) {
    use_amx() ? amx::pack_rows(rows, columns, tiles, stride) : plain::pack_rows(rows, columns, tiles, stride);
}
void turn_rows(const Bf16* const* rows, std::int64_t columns, Bf16* turned, std::int64_t stride) {
    use_amx() ? amx::turn_rows(rows, columns, turned, stride) : plain::turn_rows(rows, columns, turned, stride);
}
void copy_lines(const Bf16* from, std::int64_t distance, std::int64_t lines, std::int64_t count, Bf16* to) {
    use_amx() ? amx::copy_lines(from, distance, lines, count, to) : plain::copy_lines(from, distance, lines, count, to);
}
void copy_strided(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride, std::int64_t count) {
    use_amx() ? amx::copy_strided(from, from_stride, to, to_stride, count)
              : plain::copy_strided(from, from_stride, to, to_stride, count);
}
void store_tiles(const float* sums, const float* bias, bool rectify, std::int64_t first, std::int64_t columns,
                 Bf16* const* rows) {
    use_amx() ? amx::store_tiles(sums, bias, rectify, first, columns, rows)
              : plain::store_tiles(sums, bias, rectify, first, columns, rows);
}

}  // namespace digits
