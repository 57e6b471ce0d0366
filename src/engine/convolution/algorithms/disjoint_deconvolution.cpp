#include "engine/convolution/algorithms/disjoint_deconvolution.hpp"

#include "engine/gemm/channels_last_matrix.hpp"
#include "engine/gemm/linear.hpp"

namespace digits {

bool DisjointDeconvolution::suits(const ConvolutionWindow& window, std::int64_t groups) {
    if (window.channel_axis != 1 || window.spatial_axes() != 2 || groups != 1) return false;
    for (std::size_t i = 0; i < 2; ++i)
        if (window.kernel[i] != window.stride[i] || window.pad[i] != 0 || window.dilation[i] != 1) return false;
    return window.kernel[0] * window.kernel[1] > 1;
}

at::Tensor DisjointDeconvolution::matrix(const at::Tensor& weight) const {
    return weight.permute({0, 2, 3, 1}).contiguous().view({weight.size(0), -1});
}

at::Tensor DisjointDeconvolution::rows_of_outputs(const at::Tensor& y) const {
    const std::int64_t height = y.size(2) / kernel_y_, width = y.size(3) / kernel_x_;
    return y.permute({0, 2, 3, 1})
        .view({y.size(0), height, kernel_y_, width, kernel_x_, y.size(1)})
        .transpose(2, 3)
        .contiguous()
        .view({y.size(0) * height * width, -1});
}

at::Tensor DisjointDeconvolution::forward(const at::Tensor& x, const at::Tensor& weight,
                                          const std::optional<at::Tensor>& bias, bool relu) const {
    const at::Tensor rows = linear_input_gradient(channels_last_matrix(x), matrix(weight));
    at::Tensor y = rows.view({x.size(0), x.size(2), x.size(3), kernel_y_, kernel_x_, -1})
                       .transpose(2, 3)
                       .contiguous()
                       .view({x.size(0), x.size(2) * kernel_y_, x.size(3) * kernel_x_, -1})
                       .permute({0, 3, 1, 2});
    if (bias) y.add_(bias->view({1, -1, 1, 1}));
    return relu ? at::relu_(y) : y;
}

at::Tensor DisjointDeconvolution::input_gradient(const at::Tensor& dy, const at::Tensor& weight,
                                                 const at::Tensor& x) const {
    return channels_last_planes(linear_forward(rows_of_outputs(dy), matrix(weight), std::nullopt, false), x.sizes());
}

at::Tensor DisjointDeconvolution::weight_gradient(const at::Tensor& x, const at::Tensor& dy,
                                                  const at::Tensor& weight) const {
    return linear_weight_gradient(channels_last_matrix(x), rows_of_outputs(dy))
        .view({weight.size(0), kernel_y_, kernel_x_, weight.size(1)})
        .permute({0, 3, 1, 2})
        .contiguous();
}

std::int64_t DisjointDeconvolution::workspace(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const {
    const std::int64_t pixels = x[0] * x[2] * x[3], outputs = c10::multiply_integers(y);
    const std::int64_t columns = outputs / pixels, weights = x[1] * columns;
    // Its forward pass is the input gradient of a convolution, and vice versa.
    const Pass transposed = pass == Pass::kForward         ? Pass::kInputGradient
                            : pass == Pass::kInputGradient ? Pass::kForward
                                                           : pass;
    // The outputs or their gradient as rows, and the permuted weights.
    return outputs + weights + linear_workspace(transposed, pixels, columns, x[1]);
}

}  // namespace digits
