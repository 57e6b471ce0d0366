#pragma once

#include <cstdint>

#include "kernels/convolution/depthwise.hpp"
#include "kernels/elementwise/channel_passes.hpp"

/// The kernels of depthwise.hpp over kLanes channels at a time; for the rules see channel_passes.hpp.
namespace digits {
namespace {

/// The taps of the kernel that contribute to a pixel: the offset of the value that each reads, and of its weight.
struct Taps {
    std::int64_t count = 0, values[25], weights[25];
};

/// at(ky, kx) is the index of the pixel that a tap reads, or -1.
template <class At>
DIGITS_KERNEL_INLINE void find_taps(Taps& taps, const DepthwiseShape& s, const At& at) {
    taps.count = 0;
    for (std::int64_t ky = 0; ky < s.kernel; ++ky)
        for (std::int64_t kx = 0; kx < s.kernel; ++kx) {
            const std::int64_t pixel = at(ky, kx);
            if (pixel < 0) continue;
            taps.values[taps.count] = pixel * s.channels;
            taps.weights[taps.count++] = (ky * s.kernel + kx) * s.channels;
        }
}

template <int kLanes, class T>
DIGITS_KERNEL_INLINE void sum_taps(const Taps& taps, const T* values, const float* w, const float* bias, float bound,
                                   T* out, std::int64_t channels) {
    for_channels<kLanes>(channels, [&]<class L>(L, std::int64_t c) {
        auto sum = bias ? L::read(bias + c) : typename L::Floats{};
        for (std::int64_t tap = 0; tap < taps.count; ++tap)
            sum += L::read(values + taps.values[tap] + c) * L::read(w + taps.weights[tap] + c);
        L::write(out + c, sum < bound ? typename L::Floats{} + bound : sum);
    });
}

template <int kLanes, class T>
DIGITS_KERNEL_INLINE void depthwise_forward_of(const DepthwiseShape& s, const T* x, const float* w, const float* bias,
                                               bool relu, T* y, std::int64_t begin, std::int64_t end) {
    const std::int64_t out_height = s.out_height(), out_width = s.out_width();
    Taps taps;
    for (std::int64_t line = begin; line < end; ++line) {
        const std::int64_t item = line / out_height, y0 = line % out_height * s.stride_y - s.pad_y;
        for (std::int64_t column = 0; column < out_width; ++column) {
            const std::int64_t x0 = column * s.stride_x - s.pad_x;
            find_taps(taps, s, [&](std::int64_t ky, std::int64_t kx) {
                const bool inside = y0 + ky >= 0 && y0 + ky < s.height && x0 + kx >= 0 && x0 + kx < s.width;
                return inside ? (item * s.height + y0 + ky) * s.width + x0 + kx : -1;
            });
            sum_taps<kLanes>(taps, x, w, bias, lower_bound(relu), y + (line * out_width + column) * s.channels,
                             s.channels);
        }
    }
}

/// The output to which a tap contributed the pixel, or -1. `at` is the pixel's coordinate in the padded image.
DIGITS_KERNEL_INLINE std::int64_t output_of(std::int64_t at, std::int64_t tap, std::int64_t stride, std::int64_t size) {
    const std::int64_t from = at - tap;
    if (from < 0 || (stride != 1 && from % stride != 0)) return -1;
    const std::int64_t output = stride == 1 ? from : from / stride;
    return output < size ? output : -1;
}

template <int kLanes, class T>
DIGITS_KERNEL_INLINE void depthwise_input_gradient_of(const DepthwiseShape& s, const T* dy, const float* w, T* dx,
                                                      std::int64_t begin, std::int64_t end) {
    const std::int64_t out_height = s.out_height(), out_width = s.out_width();
    Taps taps;
    for (std::int64_t line = begin; line < end; ++line) {
        const std::int64_t item = line / s.height, y = line % s.height + s.pad_y;
        for (std::int64_t column = 0; column < s.width; ++column) {
            find_taps(taps, s, [&](std::int64_t ky, std::int64_t kx) -> std::int64_t {
                const std::int64_t row = output_of(y, ky, s.stride_y, out_height);
                if (row < 0) return -1;
                const std::int64_t at = output_of(column + s.pad_x, kx, s.stride_x, out_width);
                return at < 0 ? -1 : (item * out_height + row) * out_width + at;
            });
            sum_taps<kLanes>(taps, dy, w, nullptr, lower_bound(false), dx + (line * s.width + column) * s.channels,
                             s.channels);
        }
    }
}

/// The sums of all taps stay in registers along a line of outputs.
template <int kKernel, int kLanes, class T>
DIGITS_KERNEL_INLINE void depthwise_weight_line(const DepthwiseShape& s, const T* x, const T* dy, std::int64_t y0,
                                                float* dw) {
    const std::int64_t out_width = s.out_width();
    const bool whole_rows = y0 >= 0 && y0 + kKernel <= s.height;
    const std::int64_t row = s.width * s.channels;
    for_channels<kLanes>(s.channels, [&]<class L>(L, std::int64_t c) {
        typename L::Floats sums[kKernel][kKernel] = {};
        for (std::int64_t column = 0; column < out_width; ++column) {
            const std::int64_t x0 = column * s.stride_x - s.pad_x;
            const auto g = L::read(dy + column * s.channels + c);
            const T* corner = x + y0 * row + x0 * s.channels + c;
            if (whole_rows && x0 >= 0 && x0 + kKernel <= s.width) {
                for (int ky = 0; ky < kKernel; ++ky)
                    for (int kx = 0; kx < kKernel; ++kx)
                        sums[ky][kx] += g * L::read(corner + ky * row + kx * s.channels);
                continue;
            }
            for (int ky = 0; ky < kKernel; ++ky)
                for (int kx = 0; kx < kKernel; ++kx)
                    if (y0 + ky >= 0 && y0 + ky < s.height && x0 + kx >= 0 && x0 + kx < s.width)
                        sums[ky][kx] += g * L::read(corner + ky * row + kx * s.channels);
        }
        for (int ky = 0; ky < kKernel; ++ky)
            for (int kx = 0; kx < kKernel; ++kx) {
                float* to = dw + (ky * kKernel + kx) * s.channels + c;
                L::write(to, L::read(to) + sums[ky][kx]);
            }
    });
}

template <int kLanes, class T>
DIGITS_KERNEL_INLINE void depthwise_weight_gradient_of(const DepthwiseShape& s, const T* x, const T* dy, float* dw,
                                                       std::int64_t begin, std::int64_t end) {
    const std::int64_t out_height = s.out_height(), out_width = s.out_width();
    for (std::int64_t line = begin; line < end; ++line) {
        const std::int64_t y0 = line % out_height * s.stride_y - s.pad_y;
        const T* plane = x + line / out_height * s.height * s.width * s.channels;
        const T* gradient = dy + line * out_width * s.channels;
        if (s.kernel == 3)
            depthwise_weight_line<3, kLanes>(s, plane, gradient, y0, dw);
        else
            depthwise_weight_line<5, kLanes>(s, plane, gradient, y0, dw);
    }
}

}  // namespace
}  // namespace digits
