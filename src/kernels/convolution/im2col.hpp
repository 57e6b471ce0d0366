#pragma once

#include <cstdint>

namespace digits {

/// Convolutions as products of matrices, a block of pixels at a time: what the kernel sees at one place of the output,
/// its patch, is a row of (kernel row, kernel column, channel); the rows of a block stay in the cache. For kernels that
/// minimal filtering (winograd.hpp) does not suit: of other sizes, with strides, of few channels.
///
/// Arrays lie channels last. The functions are for processors with `has_fast_products()`; weights are (outputs,
/// channels, kernel rows, kernel columns).
struct Im2colShape {
    std::int64_t items = 0, height = 0, width = 0, channels = 0;
    std::int64_t out_height = 0, out_width = 0, outputs = 0;
    std::int64_t kernel_y = 1, kernel_x = 1, stride_y = 1, stride_x = 1, pad_y = 0, pad_x = 0;

    std::int64_t depth() const { return kernel_y * kernel_x * channels; }
    std::int64_t item_pixels() const { return out_height * out_width; }
    std::int64_t pixels() const { return items * item_pixels(); }
};

/// Floats that one thread needs for any of the three passes.
std::int64_t im2col_workspace(const Im2colShape& shape);

/// Floats of the weights in panels of outputs; and these weights, for im2col_convolve().
std::int64_t im2col_packed_weight_size(const Im2colShape& shape);
void im2col_pack_weights(const Im2colShape& shape, const float* weight, float* panels);
/// The outputs of the pixels [begin, end). `bias` may be nullptr; with `rectify`, negative outputs become 0.
void im2col_convolve(const Im2colShape& shape, const float* x, const float* panels, const float* bias, bool rectify,
                     float* y, std::int64_t begin, std::int64_t end, float* scratch);

/// Floats of the weights in panels of patch values; and these weights, for im2col_input_gradient().
std::int64_t im2col_packed_transposed_weight_size(const Im2colShape& shape);
void im2col_pack_transposed_weights(const Im2colShape& shape, const float* weight, float* panels);
/// The gradients of the inputs of the items [begin, end).
void im2col_input_gradient(const Im2colShape& shape, const float* dy, const float* panels, float* dx,
                           std::int64_t begin, std::int64_t end, float* scratch);

/// sums (laid out as by im2col_pack_weights()) += over the pixels [begin, end); then the weights' gradient of such
/// sums.
void im2col_accumulate_weight_gradient(const Im2colShape& shape, const float* x, const float* dy, float* sums,
                                       std::int64_t begin, std::int64_t end, float* scratch);
void im2col_unpack_weight_gradient(const Im2colShape& shape, const float* sums, float* dw);

}  // namespace digits
