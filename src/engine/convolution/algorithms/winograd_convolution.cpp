#include "engine/convolution/algorithms/winograd_convolution.hpp"

#include "engine/convolution/algorithms/im2col_convolution.hpp"
#include "engine/device/libtorch_threads.hpp"
#include "engine/layers/channels_last.hpp"
#include "engine/layers/stored.hpp"
#include "kernels/isa/instruction_set.hpp"

namespace digits {
namespace {

/// GEMMs in float take twice the time of bf16 ones, and the transforms come on top: the 36 multiplications of a tile
/// cost as much as 80 in bf16, and the transform of a weight as much as 4,000. Measured on a Zen 5.
constexpr std::int64_t kTileCost = 80, kWeightCost = 4000;

/// The cost of an input gradient in multiplications for each pair of channels, transforms included. Measured with few
/// channels, where the transforms take two fifths of the time.
std::int64_t input_gradient_cost(const WinogradShape& shape) {
    const std::int64_t tiles = winograd_scatters_input_gradient(shape) ? shape.tiles() : shape.input_gradient().tiles();
    return tiles * kWinogradPoints * 8 / 5;
}

}  // namespace

bool WinogradConvolution::suits(const ConvolutionWindow& window, std::int64_t channels, std::int64_t outputs,
                                std::int64_t groups) {
    if (!has_avx2() || window.channel_axis != 1 || window.spatial_axes() != 2) return false;
    const std::int64_t kernel = window.kernel[0];
    for (std::size_t i = 0; i < 2; ++i)
        if (window.kernel[i] != kernel || window.stride[i] != 1 || window.dilation[i] != 1 || window.pad[i] >= kernel)
            return false;
    return (kernel == 3 || kernel == 5) && channels / groups >= 16 && outputs / groups >= 16;
}

WinogradConvolution::WinogradConvolution(const ConvolutionWindow& window, std::int64_t channels, std::int64_t outputs,
                                         std::int64_t groups, bool low)
    : shape_{.kernel = static_cast<int>(window.kernel[0]),
             .pad_y = window.pad[0],
             .pad_x = window.pad[1],
             .channels = channels / groups,
             .outputs = outputs / groups,
             .groups = groups},
      low_(low),
      im2col_suits_(!low && Im2colConvolution::suits(window, channels, outputs, groups)) {}

WinogradShape WinogradConvolution::shape(at::IntArrayRef x) const {
    WinogradShape shape = shape_;
    shape.items = x[0];
    shape.height = x[2];
    shape.width = x[3];
    return shape;
}

bool WinogradConvolution::takes(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const {
    const std::int64_t direct = y[0] * y[2] * y[3] * shape_.kernel * shape_.kernel;
    const WinogradShape one = shape(x);
    // Tiles of 2 x 2 outputs save too little, except for input gradients that then have far fewer tiles.
    if (low_ && one.kernel == 5) return winograd_scatters_input_gradient(one);
    if (low_) return direct - kTileCost * one.tiles() >= kWeightCost;
    return pass != Pass::kInputGradient || !im2col_suits_ || input_gradient_cost(one) <= direct;
}

std::int64_t WinogradConvolution::workspace(Pass pass, at::IntArrayRef x, at::IntArrayRef) const {
    const std::int64_t threads = libtorch_threads.count();
    return low_ ? winograd_workspace<Bf16>(shape(x), pass, threads)
                : winograd_workspace<float>(shape(x), pass, threads);
}

at::Tensor WinogradConvolution::forward(const at::Tensor& x, const at::Tensor& weight,
                                        const std::optional<at::Tensor>& bias, bool relu) const {
    const WinogradShape one = shape(x.sizes());
    const at::Tensor y =
        empty_channels_last({one.items, weight.size(0), one.out_height(), one.out_width()}, x.scalar_type());
    const at::Tensor w = weight.contiguous();
    with_stored_type(x, [&]<class T>(T) {
        const at::Tensor own = make_workspace(winograd_workspace<T>(one, Pass::kForward, libtorch_threads.count()));
        winograd_forward(one, stored<T>(x), w.data_ptr<float>(), bias ? bias->data_ptr<float>() : nullptr, relu,
                         stored<T>(y), own.data_ptr<float>(), libtorch_threads);
    });
    return y;
}

at::Tensor WinogradConvolution::input_gradient(const at::Tensor& dy, const at::Tensor& weight,
                                               const at::Tensor& x) const {
    const WinogradShape one = shape(x.sizes());
    const at::Tensor dx = empty_channels_last(x.sizes(), dy.scalar_type()), w = weight.contiguous();
    with_stored_type(dy, [&]<class T>(T) {
        const at::Tensor own =
            make_workspace(winograd_workspace<T>(one, Pass::kInputGradient, libtorch_threads.count()));
        winograd_input_gradient(one, stored<T>(dy), w.data_ptr<float>(), stored<T>(dx), own.data_ptr<float>(),
                                libtorch_threads);
    });
    return dx;
}

at::Tensor WinogradConvolution::weight_gradient(const at::Tensor& x, const at::Tensor& dy,
                                                const at::Tensor& weight) const {
    const WinogradShape one = shape(x.sizes());
    const at::Tensor dw = at::empty(weight.sizes(), at::kFloat);
    with_stored_type(x, [&]<class T>(T) {
        const at::Tensor own =
            make_workspace(winograd_workspace<T>(one, Pass::kWeightGradient, libtorch_threads.count()));
        winograd_weight_gradient(one, stored<T>(x), stored<T>(dy), dw.data_ptr<float>(), own.data_ptr<float>(),
                                 libtorch_threads);
    });
    return dw;
}

}  // namespace digits
