#include "engine/convolution/algorithms/winograd_convolution.hpp"

#include <ATen/Parallel.h>

#include "engine/convolution/algorithms/im2col_convolution.hpp"
#include "engine/device/thread_parts.hpp"
#include "engine/layers/channels_last.hpp"
#include "engine/layers/stored.hpp"
#include "kernels/gemm/packed_gemm.hpp"

namespace digits {
namespace {

/// The transformed tiles that one thread works on at a time should stay in its part of the caches.
constexpr std::int64_t kBlockFloats = std::int64_t{3} << 17;  // 1.5 MB
/// What is multiplied in float takes twice the time of bf16 products and is transformed besides: a tile's 36
/// multiplications cost as much as 80 of those, and the transformation of a weight as much as 4,000. Measured on a
/// Zen 5.
constexpr std::int64_t kTileCost = 80, kWeightCost = 4000;
constexpr std::int64_t kLeastBlock = 60, kLargestBlock = 192;

std::int64_t block_of_tiles(const WinogradShape& shape, std::int64_t tiles) {
    const std::int64_t fitting = kBlockFloats / (kWinogradPoints * (shape.channels + shape.outputs));
    const std::int64_t most = std::clamp(fitting, kLeastBlock, kLargestBlock);
    // Blocks of about the same size, in whole rows of the product's kernel.
    const std::int64_t blocks = std::max<std::int64_t>((tiles + most - 1) / most, 1);
    const std::int64_t even = (tiles + blocks - 1) / blocks;
    return (even + kPanelRows - 1) / kPanelRows * kPanelRows;
}

/// Tiles that a thread gets.
std::int64_t tiles_of_thread(const WinogradShape& shape) {
    const std::int64_t threads = at::get_num_threads();
    return (shape.tiles() + threads - 1) / threads;
}

/// The same where threads get whole items.
std::int64_t item_tiles_of_thread(const WinogradShape& shape) {
    const std::int64_t threads = at::get_num_threads();
    return (shape.items + threads - 1) / threads * shape.tile_rows() * shape.tile_columns();
}

/// Floats that the threads take while they convolve, and while they spread.
std::int64_t convolve_scratch(const WinogradShape& shape) {
    return at::get_num_threads() * winograd_scratch_size(shape, block_of_tiles(shape, tiles_of_thread(shape)));
}
std::int64_t spread_scratch(const WinogradShape& shape) {
    return at::get_num_threads() * winograd_spread_size(shape, block_of_tiles(shape, item_tiles_of_thread(shape)));
}

/// Convolves one group with transformed weights.
template <class T>
void convolve(const WinogradShape& shape, const T* x, const float* weights, const float* bias, bool rectify, T* y) {
    const std::int64_t block = block_of_tiles(shape, tiles_of_thread(shape));
    const std::int64_t scratch_size = winograd_scratch_size(shape, block);
    const at::Tensor scratch = at::empty({at::get_num_threads(), scratch_size}, at::kFloat);
    float* own = scratch.data_ptr<float>();
    parallel_parts(shape.tiles(), [&](std::int64_t thread, std::int64_t begin, std::int64_t end) {
        winograd_convolve(shape, x, weights, bias, rectify, y, begin, end, block, own + thread * scratch_size);
    });
}

/// The gradient to one group's inputs with transformed weights, from tiles of the outputs' gradient.
void spread(const WinogradShape& shape, const float* dy, const float* weights, float* dx) {
    const std::int64_t block = block_of_tiles(shape, item_tiles_of_thread(shape));
    const at::Tensor scratch = at::empty({at::get_num_threads(), winograd_spread_size(shape, block)}, at::kFloat);
    parallel_parts(shape.items, [&](std::int64_t thread, std::int64_t begin, std::int64_t end) {
        winograd_spread(shape, dy, weights, dx, begin, end, block,
                        scratch.data_ptr<float>() + thread * scratch.size(1));
    });
}

}  // namespace

bool WinogradConvolution::suits(const ConvolutionWindow& window, std::int64_t channels, std::int64_t outputs,
                                std::int64_t groups) {
    if (!has_fast_products() || window.channel_axis != 1 || window.spatial_axes() != 2) return false;
    const std::int64_t kernel = window.kernel[0];
    for (std::size_t i = 0; i < 2; ++i)
        if (window.kernel[i] != kernel || window.stride[i] != 1 || window.dilation[i] != 1 || window.pad[i] >= kernel)
            return false;
    const std::int64_t in = channels / groups, out = outputs / groups;
    return (kernel == 3 || kernel == 5) && in >= 16 && out >= 16;
}

WinogradConvolution::WinogradConvolution(const ConvolutionWindow& window, std::int64_t channels, std::int64_t outputs,
                                         std::int64_t groups, bool low)
    : kernel_(static_cast<int>(window.kernel[0])),
      pad_y_(window.pad[0]),
      pad_x_(window.pad[1]),
      groups_(groups),
      low_(low),
      has_patches_(!low && Im2colConvolution::suits(window, channels, outputs, groups)) {}

bool WinogradConvolution::takes(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const {
    const std::int64_t direct = y[0] * y[2] * y[3] * kernel_ * kernel_;
    // Tiles of 2 x 2 outputs save too little, but for inputs' gradients that they spare most of.
    if (low_ && kernel_ == 5) return spreads(x, y);
    if (low_) return direct - kTileCost * shape(x, y, pad_y_, pad_x_).tiles() >= kWeightCost;
    return pass != Pass::kInputGradient || !has_patches_ || input_products(x, y) <= direct;
}

WinogradShape WinogradConvolution::shape(at::IntArrayRef x, at::IntArrayRef y, std::int64_t pad_y,
                                         std::int64_t pad_x) const {
    WinogradShape shape;
    shape.kernel = kernel_;
    shape.items = x[0];
    shape.height = x[2];
    shape.width = x[3];
    shape.out_height = y[2];
    shape.out_width = y[3];
    shape.pad_y = pad_y;
    shape.pad_x = pad_x;
    shape.channels = x[1] / groups_;
    shape.outputs = y[1] / groups_;
    shape.pixel_in = x[1];
    shape.pixel_out = y[1];
    return shape;
}

WinogradShape WinogradConvolution::turned_shape(at::IntArrayRef x, at::IntArrayRef y) const {
    return shape(y, x, kernel_ - 1 - pad_y_, kernel_ - 1 - pad_x_);
}

bool WinogradConvolution::spreads(at::IntArrayRef x, at::IntArrayRef y) const {
    // Tiles that overlap cost more than those that lie side by side.
    return 5 * shape(x, y, pad_y_, pad_x_).tiles() < 4 * turned_shape(x, y).tiles();
}

std::int64_t WinogradConvolution::input_products(at::IntArrayRef x, at::IntArrayRef y) const {
    const std::int64_t tiles = spreads(x, y) ? shape(x, y, pad_y_, pad_x_).tiles() : turned_shape(x, y).tiles();
    // Measured with few channels, where the transformations take two fifths of the time.
    return tiles * kWinogradPoints * 8 / 5;
}

std::int64_t WinogradConvolution::scratch(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const {
    const WinogradShape one = shape(x, y, pad_y_, pad_x_);
    const std::int64_t weights = winograd_weight_size(one.channels, one.outputs);
    if (pass == Pass::kForward) return weights + convolve_scratch(one);
    if (pass == Pass::kInputGradient)
        return winograd_weight_size(one.outputs, one.channels) +
               (spreads(x, y) ? spread_scratch(one) : convolve_scratch(turned_shape(x, y)));
    const std::int64_t block = block_of_tiles(one, one.tiles());
    return weights + winograd_input_size(one, block) + winograd_gradient_size(one, block);
}

at::Tensor WinogradConvolution::forward(const at::Tensor& x, const at::Tensor& weight,
                                        const std::optional<at::Tensor>& bias, bool rectify) const {
    const at::Tensor y = empty_channels_last(
        {x.size(0), weight.size(0), x.size(2) + 2 * pad_y_ - kernel_ + 1, x.size(3) + 2 * pad_x_ - kernel_ + 1},
        x.scalar_type());
    const WinogradShape one = shape(x.sizes(), y.sizes(), pad_y_, pad_x_);
    const at::Tensor kernels = weight.contiguous();
    const at::Tensor transformed = at::empty({winograd_weight_size(one.channels, one.outputs)}, at::kFloat);
    float* points = transformed.data_ptr<float>();
    for (std::int64_t g = 0; g < groups_; ++g) {
        const float* own = kernels.data_ptr<float>() + g * one.outputs * one.channels * kernel_ * kernel_;
        at::parallel_for(0, panel_count(one.outputs), 1, [&](std::int64_t begin, std::int64_t end) {
            winograd_weights(own, points, kernel_, one.channels, one.outputs, begin, end);
        });
        const float* own_bias = bias ? bias->data_ptr<float>() + g * one.outputs : nullptr;
        with_stored_type(x, [&]<class T>(T) {
            convolve(one, stored<T>(x) + g * one.channels, points, own_bias, rectify, stored<T>(y) + g * one.outputs);
        });
    }
    return y;
}

at::Tensor WinogradConvolution::input_gradient(const at::Tensor& dy, const at::Tensor& weight,
                                               const at::Tensor& x) const {
    const at::IntArrayRef sizes = x.sizes();
    const bool turned = !spreads(sizes, dy.sizes());
    // Sums of tiles that overlap are made in float.
    if (!turned && dy.scalar_type() != at::kFloat)
        return input_gradient(dy.to(at::kFloat), weight, x).to(dy.scalar_type());
    const at::Tensor dx = empty_channels_last(sizes, dy.scalar_type());
    const WinogradShape one = shape(sizes, dy.sizes(), pad_y_, pad_x_);
    const at::Tensor kernels = weight.contiguous();
    const at::Tensor transformed = at::empty({winograd_weight_size(one.outputs, one.channels)}, at::kFloat);
    float* points = transformed.data_ptr<float>();
    for (std::int64_t g = 0; g < groups_; ++g) {
        const float* own = kernels.data_ptr<float>() + g * one.outputs * one.channels * kernel_ * kernel_;
        at::parallel_for(0, panel_count(one.channels), 1, [&](std::int64_t begin, std::int64_t end) {
            winograd_transposed_weights(own, points, kernel_, one.channels, one.outputs, turned, begin, end);
        });
        if (!turned) {
            spread(one, dy.data_ptr<float>() + g * one.outputs, points, dx.data_ptr<float>() + g * one.channels);
            continue;
        }
        with_stored_type(dy, [&]<class T>(T) {
            convolve<T>(turned_shape(sizes, dy.sizes()), stored<T>(dy) + g * one.outputs, points, nullptr, false,
                        stored<T>(dx) + g * one.channels);
        });
    }
    return dx;
}

at::Tensor WinogradConvolution::weight_gradient(const at::Tensor& x, const at::Tensor& dy,
                                                const at::Tensor& weight) const {
    const at::Tensor dw = at::empty(weight.sizes(), at::kFloat);
    const WinogradShape one = shape(x.sizes(), dy.sizes(), pad_y_, pad_x_);
    const std::int64_t tiles = one.tiles(), block = block_of_tiles(one, tiles);
    const at::Tensor scratch =
        at::empty({winograd_input_size(one, block) + winograd_gradient_size(one, block)}, at::kFloat);
    const at::Tensor summed = at::empty({winograd_weight_size(one.channels, one.outputs)}, at::kFloat);
    float* inputs = scratch.data_ptr<float>();
    float* gradients = inputs + winograd_input_size(one, block);
    float* sums = summed.data_ptr<float>();
    for (std::int64_t g = 0; g < groups_; ++g) {
        for (std::int64_t first = 0; first < tiles; first += block) {
            const std::int64_t count = std::min(block, tiles - first);
            with_stored_type(x, [&]<class T>(T) {
                at::parallel_for(0, count, 8, [&](std::int64_t begin, std::int64_t end) {
                    winograd_inputs(one, stored<T>(x) + g * one.channels, inputs, first, block, begin, end);
                    winograd_gradients(one, stored<T>(dy) + g * one.outputs, gradients, first, block, begin, end);
                });
            });
            at::parallel_for(0, kWinogradPoints, 1, [&](std::int64_t begin, std::int64_t end) {
                winograd_accumulate(one, inputs, gradients, sums, block, count, first > 0, begin, end);
            });
        }
        float* own_dw = dw.data_ptr<float>() + g * one.outputs * one.channels * kernel_ * kernel_;
        at::parallel_for(0, panel_count(one.outputs), 1, [&](std::int64_t begin, std::int64_t end) {
            winograd_weight_gradient(sums, own_dw, kernel_, one.channels, one.outputs, begin, end);
        });
    }
    return dw;
}

}  // namespace digits
