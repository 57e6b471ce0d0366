#pragma once

#include <cstdint>

#include "kernels/elementwise/channels.hpp"
#include "kernels/isa/lanes.hpp"

/// The kernels of channels.hpp over kLanes channels at a time. Each file that includes this compiles them for its own
/// instruction set and gets its own copy. Call no function here that another file could share, such as those of
/// <algorithm>: the linker could keep the copy that not every processor can run.
namespace digits {
namespace {

/// Blocking of channel sums: the rows that are summed in fp32 before the sum continues in double precision, and the
/// channels of a block.
constexpr std::int64_t kSummedRows = 64, kSummedChannels = 512;
constexpr int kRowsPerPass = 4;

/// Calls use(lanes, c) for all channels; those after the last whole vector one by one.
template <int kLanes, class Use>
DIGITS_KERNEL_INLINE void for_channels(std::int64_t channels, const Use& use) {
    std::int64_t c = 0;
    for (; c + kLanes <= channels; c += kLanes) use(Lanes<kLanes>{}, c);
    for (; c < channels; ++c) use(Lanes<1>{}, c);
}

template <int kRows>
struct RowCount {};

/// `kSums` sums per channel over all rows. use(row count, sums, at, first, channels) adds a few rows of `channels`
/// channels from `first` on, whose values begin at index `at`, to sums[i]; these are added to totals[i].
template <int kSums, class Use>
DIGITS_KERNEL_INLINE void sum_rows(double* const (&totals)[kSums], std::int64_t channels, std::int64_t rows,
                                   const Use& use) {
    float sums[kSums][kSummedChannels];
    for (std::int64_t first = 0; first < channels; first += kSummedChannels) {
        const std::int64_t left = channels - first, count = left < kSummedChannels ? left : kSummedChannels;
        for (std::int64_t begin = 0; begin < rows; begin += kSummedRows) {
            for (auto& sum : sums)
                for (std::int64_t c = 0; c < count; ++c) sum[c] = 0;
            const std::int64_t end = rows < begin + kSummedRows ? rows : begin + kSummedRows;
            std::int64_t row = begin;
            for (; row + kRowsPerPass <= end; row += kRowsPerPass)
                use(RowCount<kRowsPerPass>{}, sums, row * channels + first, first, count);
            for (; row < end; ++row) use(RowCount<1>{}, sums, row * channels + first, first, count);
            for (int i = 0; i < kSums; ++i)
                for (std::int64_t c = 0; c < count; ++c) totals[i][first + c] += static_cast<double>(sums[i][c]);
        }
    }
}

/// The lower bound that ReLU gives to values; −∞ without ReLU.
DIGITS_KERNEL_INLINE float lower_bound(bool relu) { return relu ? 0.0F : -__builtin_inff(); }

template <int kLanes, class T>
DIGITS_KERNEL_INLINE void sum_channels_of(const T* x, double* sum, std::int64_t channels, std::int64_t rows) {
    sum_rows<1>({sum}, channels, rows,
                [&]<int kRows>(RowCount<kRows>, float(&sums)[1][kSummedChannels], std::int64_t at, std::int64_t,
                               std::int64_t count) {
                    for_channels<kLanes>(count, [&]<class L>(L, std::int64_t c) {
                        auto s = L::read(sums[0] + c);
                        for (int row = 0; row < kRows; ++row) s += L::read(x + at + row * channels + c);
                        L::write(sums[0] + c, s);
                    });
                });
}

template <int kLanes, class T>
DIGITS_KERNEL_INLINE void sum_channel_squares_of(const T* x, const float* shift, double* sum, double* squares,
                                                 std::int64_t channels, std::int64_t rows) {
    sum_rows<2>({sum, squares}, channels, rows,
                [&]<int kRows>(RowCount<kRows>, float(&sums)[2][kSummedChannels], std::int64_t at, std::int64_t first,
                               std::int64_t count) {
                    for_channels<kLanes>(count, [&]<class L>(L, std::int64_t c) {
                        auto s = L::read(sums[0] + c), q = L::read(sums[1] + c);
                        const auto middle = L::read(shift + first + c);
                        for (int row = 0; row < kRows; ++row) {
                            const auto v = L::read(x + at + row * channels + c) - middle;
                            s += v;
                            q += v * v;
                        }
                        L::write(sums[0] + c, s);
                        L::write(sums[1] + c, q);
                    });
                });
}

template <int kLanes, class T>
DIGITS_KERNEL_INLINE void scale_channels_of(const T* x, const float* factor, const float* offset, bool relu, T* y,
                                            std::int64_t channels, std::int64_t rows, bool stream) {
    const float bound = lower_bound(relu);
    for (std::int64_t row = 0; row < rows; ++row, x += channels, y += channels)
        for_channels<kLanes>(channels, [&]<class L>(L, std::int64_t c) {
            const auto v = L::read(factor + c) * L::read(x + c) + L::read(offset + c);
            // Not a maximum, so that NaN stays NaN.
            const auto clamped = v < bound ? typename L::Floats{} + bound : v;
            if (stream)
                L::stream(y + c, clamped);
            else
                L::write(y + c, clamped);
        });
}

template <int kLanes, class T>
DIGITS_KERNEL_INLINE void sum_channel_gradients_of(const ScaledChannels<T>& forward, const T* dy, double* sum,
                                                   double* product, std::int64_t channels, std::int64_t rows) {
    const float bound = lower_bound(forward.relu);
    sum_rows<2>({sum, product}, channels, rows,
                [&]<int kRows>(RowCount<kRows>, float(&sums)[2][kSummedChannels], std::int64_t at, std::int64_t first,
                               std::int64_t count) {
                    for_channels<kLanes>(count, [&]<class L>(L, std::int64_t c) {
                        auto s = L::read(sums[0] + c), p = L::read(sums[1] + c);
                        const auto factor = L::read(forward.factor + first + c);
                        const auto offset = L::read(forward.offset + first + c);
                        const auto mean = L::read(forward.mean + first + c);
                        for (int row = 0; row < kRows; ++row) {
                            const std::int64_t i = at + row * channels + c;
                            const auto x = L::read(forward.x + i), all = L::read(dy + i);
                            const auto g = factor * x + offset > bound ? all : typename L::Floats{};
                            s += g;
                            p += g * (x - mean);
                        }
                        L::write(sums[0] + c, s);
                        L::write(sums[1] + c, p);
                    });
                });
}

template <int kLanes, class T>
DIGITS_KERNEL_INLINE void scale_channel_gradients_of(const ScaledChannels<T>& forward, const T* dy,
                                                     const float* constant, const float* slope, T* dx,
                                                     std::int64_t channels, std::int64_t rows, bool stream) {
    const T* x = forward.x;
    const float bound = lower_bound(forward.relu);
    for (std::int64_t row = 0; row < rows; ++row, x += channels, dy += channels, dx += channels)
        for_channels<kLanes>(channels, [&]<class L>(L, std::int64_t c) {
            const auto v = L::read(x + c), all = L::read(dy + c), factor = L::read(forward.factor + c);
            const auto g = factor * v + L::read(forward.offset + c) > bound ? all : typename L::Floats{};
            const auto gradient =
                factor * g - L::read(constant + c) - L::read(slope + c) * (v - L::read(forward.mean + c));
            if (stream)
                L::stream(dx + c, gradient);
            else
                L::write(dx + c, gradient);
        });
}

template <int kLanes, class T>
DIGITS_KERNEL_INLINE void relu_gradient_of(const T* dy, const T* y, T* g, double* sum, std::int64_t channels,
                                           std::int64_t rows) {
    sum_rows<1>({sum}, channels, rows,
                [&]<int kRows>(RowCount<kRows>, float(&sums)[1][kSummedChannels], std::int64_t at, std::int64_t,
                               std::int64_t count) {
                    for_channels<kLanes>(count, [&]<class L>(L, std::int64_t c) {
                        auto s = L::read(sums[0] + c);
                        for (int row = 0; row < kRows; ++row) {
                            const std::int64_t i = at + row * channels + c;
                            const auto all = L::read(dy + i);
                            const auto v = L::read(y + i) > 0 ? all : typename L::Floats{};
                            L::write(g + i, v);
                            s += v;
                        }
                        L::write(sums[0] + c, s);
                    });
                });
}

template <int kLanes, class T>
DIGITS_KERNEL_INLINE void relu_gradient_in_place_of(T* dy, const T* y, std::int64_t count) {
    for_channels<kLanes>(count, [&]<class L>(L, std::int64_t i) {
        const auto all = L::read(dy + i);
        L::write(dy + i, L::read(y + i) > 0 ? all : typename L::Floats{});
    });
}

template <int kLanes, class T>
DIGITS_KERNEL_INLINE void add_values_of(const T* a, const T* b, bool relu, T* y, std::int64_t count, bool stream) {
    const float bound = lower_bound(relu);
    for_channels<kLanes>(count, [&]<class L>(L, std::int64_t i) {
        const auto v = L::read(a + i) + L::read(b + i);
        const auto clamped = v < bound ? typename L::Floats{} + bound : v;
        if (stream)
            L::stream(y + i, clamped);
        else
            L::write(y + i, clamped);
    });
}

template <int kLanes, class T>
DIGITS_KERNEL_INLINE void clip_gradient_of(const T* dy, const T* x, float low, float high, T* dx, std::int64_t count) {
    for_channels<kLanes>(count, [&]<class L>(L, std::int64_t i) {
        const auto v = L::read(x + i), all = L::read(dy + i), none = typename L::Floats{};
        const auto above = v >= low ? all : none;
        L::write(dx + i, v <= high ? above : none);
    });
}

}  // namespace
}  // namespace digits
