#include "engine/convolution/algorithms/tile_convolution.hpp"

#include "engine/device/libtorch_threads.hpp"
#include "engine/layers/channels_last.hpp"
#include "engine/layers/stored.hpp"
#include "kernels/isa/instruction_set.hpp"

namespace digits {
namespace {

/// Fewer channels leave most of a step of AMX empty; with a stride, im2col of shorter rows takes longer than the GEMM.
constexpr std::int64_t kLeastChannels = 20, kLeastDepth = 100;

}  // namespace

bool TileConvolution::suits(const ConvolutionWindow& window, const Shape& stride, std::int64_t channels,
                            std::int64_t outputs, std::int64_t groups) {
    if (!has_amx() || window.channel_axis != 1 || window.spatial_axes() != 2) return false;
    for (std::size_t i = 0; i < 2; ++i)
        if (window.dilation[i] != 1 || window.pad[i] >= window.kernel[i]) return false;
    if (stride[0] == 1 && stride[1] == 1)
        return channels / groups >= kLeastChannels && outputs / groups >= kLeastChannels;
    return groups == 1 && window.kernel[0] * window.kernel[1] * channels >= kLeastDepth;
}

TileConvolution::TileConvolution(const ConvolutionWindow& window, const Shape& stride, std::int64_t channels,
                                 std::int64_t outputs, std::int64_t groups)
    : shape_{.channels = channels / groups,
             .outputs = outputs / groups,
             .groups = groups,
             .kernel_y = window.kernel[0],
             .kernel_x = window.kernel[1],
             .stride_y = stride[0],
             .stride_x = stride[1],
             .pad_y = window.pad[0],
             .pad_x = window.pad[1]} {}

TileConvolutionShape TileConvolution::shape(at::IntArrayRef x) const {
    TileConvolutionShape shape = shape_;
    shape.items = x[0];
    shape.height = x[2];
    shape.width = x[3];
    return shape;
}

std::int64_t TileConvolution::workspace(Pass pass, at::IntArrayRef x, at::IntArrayRef) const {
    return tile_convolution_workspace(shape(x), pass, libtorch_threads.count());
}

at::Tensor TileConvolution::forward(const at::Tensor& x, const at::Tensor& weight,
                                    const std::optional<at::Tensor>& bias, bool relu) const {
    const TileConvolutionShape one = shape(x.sizes());
    const at::Tensor y =
        empty_channels_last({one.items, weight.size(0), one.out_height(), one.out_width()}, at::kBFloat16);
    const at::Tensor w = weight.contiguous(), own = make_workspace(workspace(Pass::kForward, x.sizes(), y.sizes()));
    tile_convolution_forward(one, stored<Bf16>(x), w.data_ptr<float>(), bias ? bias->data_ptr<float>() : nullptr, relu,
                             stored<Bf16>(y), own.data_ptr<float>(), libtorch_threads);
    return y;
}

at::Tensor TileConvolution::input_gradient(const at::Tensor& dy, const at::Tensor& weight, const at::Tensor& x) const {
    const at::Tensor dx = empty_channels_last(x.sizes(), at::kBFloat16), w = weight.contiguous(),
                     own = make_workspace(workspace(Pass::kInputGradient, x.sizes(), dy.sizes()));
    tile_convolution_input_gradient(shape(x.sizes()), stored<Bf16>(dy), w.data_ptr<float>(), stored<Bf16>(dx),
                                    own.data_ptr<float>(), libtorch_threads);
    return dx;
}

at::Tensor TileConvolution::weight_gradient(const at::Tensor& x, const at::Tensor& dy, const at::Tensor& weight) const {
    const at::Tensor dw = at::empty(weight.sizes(), at::kFloat),
                     own = make_workspace(workspace(Pass::kWeightGradient, x.sizes(), dy.sizes()));
    tile_convolution_weight_gradient(shape(x.sizes()), stored<Bf16>(x), stored<Bf16>(dy), dw.data_ptr<float>(),
                                     own.data_ptr<float>(), libtorch_threads);
    return dw;
}

}  // namespace digits
