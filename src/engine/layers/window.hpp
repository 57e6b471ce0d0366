#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "caffe.pb.h"
#include "engine/net/blob.hpp"
#include "engine/net/layer.hpp"

namespace digits {

/// Kernel, stride, padding and dilation of a convolution, one value a spatial axis.
struct ConvolutionWindow {
    int channel_axis = 1;
    Shape kernel, stride, pad, dilation;
    /// `pad_same` where no symmetric padding does the same for all sizes: margins() says what to pad, `pad` is 0.
    bool pads_by_size = false;

    /// From the `axis`, `kernel_size` / `kernel_h` … fields. Throws EngineError.
    static ConvolutionWindow of(const caffe::ConvolutionParameter& parameter, int bottom_axes);
    /// Zeros before and behind an input, one pair a spatial axis: what `pads_by_size` adds.
    std::vector<std::pair<std::int64_t, std::int64_t>> margins(const Shape& input) const;
    int spatial_axes() const { return static_cast<int>(kernel.size()); }
    /// Size of a convolution's output along a spatial axis; throws EngineError when the kernel does not fit.
    std::int64_t output_size(int axis, std::int64_t input) const;
    /// Size of a transposed convolution's output along a spatial axis.
    std::int64_t transposed_output_size(int axis, std::int64_t input) const;
};

}  // namespace digits
