#include "engine/convolution/algorithms/depthwise_convolution.hpp"

#include <ATen/Parallel.h>

#include <algorithm>

#include "engine/device/thread_parts.hpp"
#include "engine/layers/channels_last.hpp"
#include "engine/layers/stored.hpp"

namespace digits {
namespace {

/// (kernel rows, kernel columns, channels).
at::Tensor channels_behind(const at::Tensor& weight) { return weight.squeeze(1).permute({1, 2, 0}).contiguous(); }

}  // namespace

bool DepthwiseConvolution::suits(const ConvolutionWindow& window, std::int64_t channels, std::int64_t outputs,
                                 std::int64_t groups) {
    if (window.channel_axis != 1 || window.spatial_axes() != 2 || groups != channels || outputs != channels)
        return false;
    const std::int64_t kernel = window.kernel[0];
    return channels > 1 && window.kernel[1] == kernel && (kernel == 3 || kernel == 5) &&
           std::ranges::all_of(window.dilation, [](std::int64_t d) { return d == 1; }) &&
           std::ranges::all_of(window.pad, [&](std::int64_t pad) { return pad < kernel; });
}

DepthwiseShape DepthwiseConvolution::shape(at::IntArrayRef x, at::IntArrayRef y) const {
    DepthwiseShape shape;
    shape.items = x[0];
    shape.channels = x[1];
    shape.height = x[2];
    shape.width = x[3];
    shape.out_height = y[2];
    shape.out_width = y[3];
    shape.kernel = window_.kernel[0];
    shape.stride_y = window_.stride[0];
    shape.stride_x = window_.stride[1];
    shape.pad_y = window_.pad[0];
    shape.pad_x = window_.pad[1];
    return shape;
}

at::Tensor DepthwiseConvolution::forward(const at::Tensor& x, const at::Tensor& weight,
                                         const std::optional<at::Tensor>& bias, bool rectify) const {
    const at::Tensor y = empty_channels_last(
        {x.size(0), x.size(1), window_.output_size(0, x.size(2)), window_.output_size(1, x.size(3))}, x.scalar_type());
    const DepthwiseShape one = shape(x.sizes(), y.sizes());
    const at::Tensor w = channels_behind(weight);
    with_stored_type(x, [&]<class T>(T) {
        at::parallel_for(0, one.lines_out(), 1, [&](std::int64_t begin, std::int64_t end) {
            depthwise_convolve(one, stored<T>(x), w.data_ptr<float>(), bias ? bias->data_ptr<float>() : nullptr,
                               rectify, stored<T>(y), begin, end);
        });
    });
    return y;
}

at::Tensor DepthwiseConvolution::input_gradient(const at::Tensor& dy, const at::Tensor& weight,
                                                const at::Tensor& x) const {
    const at::Tensor dx = empty_channels_last(x.sizes(), dy.scalar_type());
    const DepthwiseShape one = shape(x.sizes(), dy.sizes());
    const at::Tensor w = channels_behind(weight);
    with_stored_type(dy, [&]<class T>(T) {
        at::parallel_for(0, one.lines_in(), 1, [&](std::int64_t begin, std::int64_t end) {
            depthwise_input_gradient(one, stored<T>(dy), w.data_ptr<float>(), stored<T>(dx), begin, end);
        });
    });
    return dx;
}

at::Tensor DepthwiseConvolution::weight_gradient(const at::Tensor& x, const at::Tensor& dy,
                                                 const at::Tensor& weight) const {
    const DepthwiseShape one = shape(x.sizes(), dy.sizes());
    const at::Tensor sums = at::zeros({at::get_num_threads(), one.kernel, one.kernel, one.channels}, at::kFloat);
    with_stored_type(x, [&]<class T>(T) {
        parallel_parts(one.lines_out(), [&](std::int64_t thread, std::int64_t begin, std::int64_t end) {
            depthwise_weight_gradient(one, stored<T>(x), stored<T>(dy), sums.data_ptr<float>() + thread * one.weights(),
                                      begin, end);
        });
    });
    return sums.sum(0).permute({2, 0, 1}).contiguous().view(weight.sizes());
}

std::int64_t DepthwiseConvolution::scratch(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const {
    return (pass == Pass::kWeightGradient ? at::get_num_threads() : 1) * shape(x, y).weights();
}

}  // namespace digits
