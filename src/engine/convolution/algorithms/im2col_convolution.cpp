#include "engine/convolution/algorithms/im2col_convolution.hpp"

#include <algorithm>

#include "engine/device/libtorch_threads.hpp"
#include "engine/layers/channels_last.hpp"
#include "kernels/isa/instruction_set.hpp"

namespace digits {
namespace {

/// Each thread has a weight gradient of its own.
constexpr std::int64_t kMostWeights = std::int64_t{1} << 20;

}  // namespace

bool Im2colConvolution::suits(const ConvolutionWindow& window, std::int64_t channels, std::int64_t outputs,
                              std::int64_t groups) {
    return has_avx2() && window.channel_axis == 1 && window.spatial_axes() == 2 && groups == 1 &&
           std::ranges::all_of(window.dilation, [](std::int64_t d) { return d == 1; }) && outputs >= 16 &&
           window.kernel[0] * window.kernel[1] * channels * outputs <= kMostWeights;
}

Im2colShape Im2colConvolution::shape(at::IntArrayRef x, at::IntArrayRef y) const {
    return {.items = x[0],
            .height = x[2],
            .width = x[3],
            .channels = x[1],
            .out_height = y[2],
            .out_width = y[3],
            .outputs = y[1],
            .kernel_y = window_.kernel[0],
            .kernel_x = window_.kernel[1],
            .stride_y = window_.stride[0],
            .stride_x = window_.stride[1],
            .pad_y = window_.pad[0],
            .pad_x = window_.pad[1]};
}

std::int64_t Im2colConvolution::workspace(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const {
    return im2col_workspace(shape(x, y), pass, libtorch_threads.count());
}

at::Tensor Im2colConvolution::forward(const at::Tensor& x, const at::Tensor& weight,
                                      const std::optional<at::Tensor>& bias, bool relu) const {
    const at::Tensor y = empty_channels_last(
        {x.size(0), weight.size(0), window_.output_size(0, x.size(2)), window_.output_size(1, x.size(3))});
    const at::Tensor w = weight.contiguous(), own = make_workspace(workspace(Pass::kForward, x.sizes(), y.sizes()));
    im2col_forward(shape(x.sizes(), y.sizes()), x.data_ptr<float>(), w.data_ptr<float>(),
                   bias ? bias->data_ptr<float>() : nullptr, relu, y.data_ptr<float>(), own.data_ptr<float>(),
                   libtorch_threads);
    return y;
}

at::Tensor Im2colConvolution::input_gradient(const at::Tensor& dy, const at::Tensor& weight,
                                             const at::Tensor& x) const {
    const at::Tensor dx = empty_channels_last(x.sizes()), w = weight.contiguous(),
                     own = make_workspace(workspace(Pass::kInputGradient, x.sizes(), dy.sizes()));
    im2col_input_gradient(shape(x.sizes(), dy.sizes()), dy.data_ptr<float>(), w.data_ptr<float>(), dx.data_ptr<float>(),
                          own.data_ptr<float>(), libtorch_threads);
    return dx;
}

at::Tensor Im2colConvolution::weight_gradient(const at::Tensor& x, const at::Tensor& dy,
                                              const at::Tensor& weight) const {
    const at::Tensor dw = at::empty(weight.sizes(), at::kFloat),
                     own = make_workspace(workspace(Pass::kWeightGradient, x.sizes(), dy.sizes()));
    im2col_weight_gradient(shape(x.sizes(), dy.sizes()), x.data_ptr<float>(), dy.data_ptr<float>(),
                           dw.data_ptr<float>(), own.data_ptr<float>(), libtorch_threads);
    return dw;
}

}  // namespace digits
