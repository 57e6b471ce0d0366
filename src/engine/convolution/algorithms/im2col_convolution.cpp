#include "engine/convolution/algorithms/im2col_convolution.hpp"

#include <algorithm>

#include "engine/device/thread_parts.hpp"
#include "engine/layers/channels_last.hpp"
#include "kernels/isa/processor.hpp"

namespace digits {
namespace {

/// Each thread sums up a weight gradient of its own.
constexpr std::int64_t kMostWeights = std::int64_t{1} << 20;

}  // namespace

bool Im2colConvolution::suits(const ConvolutionWindow& window, std::int64_t channels, std::int64_t outputs,
                              std::int64_t groups) {
    return has_fast_products() && window.channel_axis == 1 && window.spatial_axes() == 2 && groups == 1 &&
           std::ranges::all_of(window.dilation, [](std::int64_t d) { return d == 1; }) && outputs >= 16 &&
           window.kernel[0] * window.kernel[1] * channels * outputs <= kMostWeights;
}

Im2colShape Im2colConvolution::shape(at::IntArrayRef x, at::IntArrayRef y) const {
    Im2colShape shape;
    shape.items = x[0];
    shape.channels = x[1];
    shape.height = x[2];
    shape.width = x[3];
    shape.outputs = y[1];
    shape.out_height = y[2];
    shape.out_width = y[3];
    shape.kernel_y = window_.kernel[0];
    shape.kernel_x = window_.kernel[1];
    shape.stride_y = window_.stride[0];
    shape.stride_x = window_.stride[1];
    shape.pad_y = window_.pad[0];
    shape.pad_x = window_.pad[1];
    return shape;
}

std::int64_t Im2colConvolution::scratch(Pass, at::IntArrayRef x, at::IntArrayRef y) const {
    const Im2colShape one = shape(x, y);
    return at::get_num_threads() * (im2col_workspace(one) + im2col_packed_weight_size(one));
}

at::Tensor Im2colConvolution::forward(const at::Tensor& x, const at::Tensor& weight,
                                      const std::optional<at::Tensor>& bias, bool rectify) const {
    const at::Tensor y = empty_channels_last(
        {x.size(0), weight.size(0), window_.output_size(0, x.size(2)), window_.output_size(1, x.size(3))});
    const Im2colShape one = shape(x.sizes(), y.sizes());
    const at::Tensor panels = at::empty({im2col_packed_weight_size(one)}, at::kFloat);
    im2col_pack_weights(one, weight.contiguous().data_ptr<float>(), panels.data_ptr<float>());
    const at::Tensor scratch = at::empty({at::get_num_threads(), im2col_workspace(one)}, at::kFloat);
    const float* shift = bias ? bias->data_ptr<float>() : nullptr;
    parallel_parts(one.pixels(), [&](std::int64_t thread, std::int64_t begin, std::int64_t end) {
        im2col_convolve(one, x.data_ptr<float>(), panels.data_ptr<float>(), shift, rectify, y.data_ptr<float>(), begin,
                        end, scratch.data_ptr<float>() + thread * scratch.size(1));
    });
    return y;
}

at::Tensor Im2colConvolution::input_gradient(const at::Tensor& dy, const at::Tensor& weight,
                                             const at::Tensor& x) const {
    const at::Tensor dx = empty_channels_last(x.sizes());
    const Im2colShape one = shape(x.sizes(), dy.sizes());
    const at::Tensor panels = at::empty({im2col_packed_transposed_weight_size(one)}, at::kFloat);
    im2col_pack_transposed_weights(one, weight.contiguous().data_ptr<float>(), panels.data_ptr<float>());
    const at::Tensor scratch = at::empty({at::get_num_threads(), im2col_workspace(one)}, at::kFloat);
    parallel_parts(one.items, [&](std::int64_t thread, std::int64_t begin, std::int64_t end) {
        im2col_input_gradient(one, dy.data_ptr<float>(), panels.data_ptr<float>(), dx.data_ptr<float>(), begin, end,
                              scratch.data_ptr<float>() + thread * scratch.size(1));
    });
    return dx;
}

at::Tensor Im2colConvolution::weight_gradient(const at::Tensor& x, const at::Tensor& dy,
                                              const at::Tensor& weight) const {
    const at::Tensor dw = at::empty(weight.sizes(), at::kFloat);
    const Im2colShape one = shape(x.sizes(), dy.sizes());
    const std::int64_t threads = at::get_num_threads();
    const at::Tensor sums = at::zeros({threads, im2col_packed_weight_size(one)}, at::kFloat);
    const at::Tensor scratch = at::empty({threads, im2col_workspace(one)}, at::kFloat);
    parallel_parts(one.pixels(), [&](std::int64_t thread, std::int64_t begin, std::int64_t end) {
        im2col_accumulate_weight_gradient(one, x.data_ptr<float>(), dy.data_ptr<float>(),
                                          sums.data_ptr<float>() + thread * sums.size(1), begin, end,
                                          scratch.data_ptr<float>() + thread * scratch.size(1));
    });
    const at::Tensor all = threads > 1 ? sums.sum(0) : sums[0];
    im2col_unpack_weight_gradient(one, all.data_ptr<float>(), dw.data_ptr<float>());
    return dw;
}

}  // namespace digits
