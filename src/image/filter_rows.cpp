#include "image/filter_rows.hpp"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define DIGITS_FILTERS_WITH_AVX2
#endif

namespace digits {

#ifdef DIGITS_FILTERS_WITH_AVX2
namespace {

constexpr std::size_t kLanes = 8;  ///< two pixels of three samples, and two lanes without weight

/// The weights of two taps each, as they meet the samples: w w w v v v 0 0.
std::vector<std::int32_t> weights_by_pairs(const RowFilter& filter, std::size_t pairs) {
    const auto width = filter.first.size();
    std::vector<std::int32_t> weights(width * pairs * kLanes);
    for (std::size_t x = 0; x < width; ++x)
        for (std::size_t k = 0; k < static_cast<std::size_t>(filter.count[x]); ++k)
            std::fill_n(weights.begin() + static_cast<std::ptrdiff_t>((x * pairs + k / 2) * kLanes + k % 2 * 3), 3,
                        filter.weights[x * static_cast<std::size_t>(filter.taps) + k]);
    return weights;
}

[[gnu::target("avx2")]]
void filter_row(const std::uint8_t* from, const RowFilter& filter, const std::int32_t* weights, std::size_t pairs,
                std::uint8_t* to) {
    constexpr int kHalf = 1 << (kFilterPrecision_bits - 1);
    const __m256i half = _mm256_setr_epi32(kHalf, kHalf, kHalf, 0, 0, 0, 0, 0);
    const __m256i second = _mm256_setr_epi32(3, 4, 5, 7, 7, 7, 7, 7);
    const std::size_t width = filter.first.size();
    for (std::size_t x = 0; x < width; ++x, to += 3) {
        const std::uint8_t* samples = from + static_cast<std::ptrdiff_t>(filter.first[x]) * 3;
        __m256i sums = half;
        for (std::size_t k = 0; k < pairs; ++k, samples += 6, weights += kLanes) {
            const __m256i wide = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(samples)));
            const __m256i weight = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights));
            sums = _mm256_add_epi32(sums, _mm256_mullo_epi32(wide, weight));
        }
        const __m256i of_second = _mm256_permutevar8x32_epi32(sums, second);
        __m128i pixel = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_castsi256_si128(of_second));
        pixel = _mm_srai_epi32(pixel, kFilterPrecision_bits);
        pixel = _mm_packus_epi32(pixel, pixel);
        pixel = _mm_packus_epi16(pixel, pixel);
        // Four samples: the next pixel overwrites the last of them.
        const int bytes = _mm_cvtsi128_si32(pixel);
        std::memcpy(to, &bytes, sizeof bytes);
    }
}

}  // namespace

int filter_rgb_rows(const std::uint8_t* from, std::size_t from_stride, const RowFilter& filter, std::uint8_t* to,
                    std::size_t to_stride, int rows) {
    if (!__builtin_cpu_supports("avx2") || filter.count.empty()) return 0;
    const auto pairs = static_cast<std::size_t>((*std::ranges::max_element(filter.count) + 1) / 2);
    const auto reach = pairs * 6 + kLanes;  // bytes beyond a row, at most
    const int made = std::max(rows - static_cast<int>((reach + from_stride - 1) / from_stride), 0);
    if (made == 0) return 0;
    const auto weights = weights_by_pairs(filter, pairs);
    for (int y = 0; y < made; ++y, from += from_stride, to += to_stride)
        filter_row(from, filter, weights.data(), pairs, to);
    return made;
}
#else
int filter_rgb_rows(const std::uint8_t*, std::size_t, const RowFilter&, std::uint8_t*, std::size_t, int) { return 0; }
#endif

}  // namespace digits
