#include "engine/convolution/algorithms/depthwise_convolution.hpp"

#include <algorithm>

#include "engine/device/libtorch_threads.hpp"
#include "engine/layers/channels_last.hpp"
#include "engine/layers/stored.hpp"

namespace digits {

bool DepthwiseConvolution::suits(const ConvolutionWindow& window, std::int64_t channels, std::int64_t outputs,
                                 std::int64_t groups) {
    if (window.channel_axis != 1 || window.spatial_axes() != 2 || groups != channels || outputs != channels)
        return false;
    const std::int64_t kernel = window.kernel[0];
    return channels > 1 && window.kernel[1] == kernel && (kernel == 3 || kernel == 5) &&
           std::ranges::all_of(window.dilation, [](std::int64_t d) { return d == 1; }) &&
           std::ranges::all_of(window.pad, [&](std::int64_t pad) { return pad < kernel; });
}

DepthwiseShape DepthwiseConvolution::shape(at::IntArrayRef x) const {
    return {.items = x[0],
            .height = x[2],
            .width = x[3],
            .channels = x[1],
            .kernel = window_.kernel[0],
            .stride_y = window_.stride[0],
            .stride_x = window_.stride[1],
            .pad_y = window_.pad[0],
            .pad_x = window_.pad[1]};
}

std::int64_t DepthwiseConvolution::workspace(Pass pass, at::IntArrayRef x, at::IntArrayRef) const {
    return depthwise_workspace(shape(x), pass, libtorch_threads.count());
}

at::Tensor DepthwiseConvolution::forward(const at::Tensor& x, const at::Tensor& weight,
                                         const std::optional<at::Tensor>& bias, bool relu) const {
    const DepthwiseShape one = shape(x.sizes());
    const at::Tensor y = empty_channels_last({one.items, one.channels, one.out_height(), one.out_width()},
                                             x.scalar_type()),
                     w = weight.contiguous(), own = make_workspace(workspace(Pass::kForward, x.sizes(), y.sizes()));
    with_stored_type(x, [&]<class T>(T) {
        depthwise_forward(one, stored<T>(x), w.data_ptr<float>(), bias ? bias->data_ptr<float>() : nullptr, relu,
                          stored<T>(y), own.data_ptr<float>(), libtorch_threads);
    });
    return y;
}

at::Tensor DepthwiseConvolution::input_gradient(const at::Tensor& dy, const at::Tensor& weight,
                                                const at::Tensor& x) const {
    const at::Tensor dx = empty_channels_last(x.sizes(), dy.scalar_type()), w = weight.contiguous(),
                     own = make_workspace(workspace(Pass::kInputGradient, x.sizes(), dy.sizes()));
    with_stored_type(dy, [&]<class T>(T) {
        depthwise_input_gradient(shape(x.sizes()), stored<T>(dy), w.data_ptr<float>(), stored<T>(dx),
                                 own.data_ptr<float>(), libtorch_threads);
    });
    return dx;
}

at::Tensor DepthwiseConvolution::weight_gradient(const at::Tensor& x, const at::Tensor& dy,
                                                 const at::Tensor& weight) const {
    const at::Tensor dw = at::empty(weight.sizes(), at::kFloat),
                     own = make_workspace(workspace(Pass::kWeightGradient, x.sizes(), dy.sizes()));
    with_stored_type(x, [&]<class T>(T) {
        depthwise_weight_gradient(shape(x.sizes()), stored<T>(x), stored<T>(dy), dw.data_ptr<float>(),
                                  own.data_ptr<float>(), libtorch_threads);
    });
    return dw;
}

}  // namespace digits
