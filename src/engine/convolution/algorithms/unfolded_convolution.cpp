#include "engine/convolution/algorithms/unfolded_convolution.hpp"

namespace digits {
namespace {

/// A view of the windows of the padded tensor: (batch, channels, kernel…, outputs…), without a copy.
at::Tensor windows_of(const at::Tensor& padded, const ConvolutionWindow& window) {
    const auto axes = static_cast<std::size_t>(window.spatial_axes());
    Shape sizes{padded.size(0), padded.size(1)}, strides{padded.stride(0), padded.stride(1)};
    for (std::size_t i = 0; i < axes; ++i) {
        sizes.push_back(window.kernel[i]);
        strides.push_back(padded.stride(static_cast<std::int64_t>(i) + 2) * window.dilation[i]);
    }
    for (std::size_t i = 0; i < axes; ++i) {
        const std::int64_t extent = window.dilation[i] * (window.kernel[i] - 1) + 1;
        sizes.push_back((padded.size(static_cast<std::int64_t>(i) + 2) - extent) / window.stride[i] + 1);
        strides.push_back(padded.stride(static_cast<std::int64_t>(i) + 2) * window.stride[i]);
    }
    return padded.as_strided(sizes, strides);
}

}  // namespace

at::Tensor unfold_windows(const at::Tensor& x, const ConvolutionWindow& window) {
    Shape margins;  // ATen names the last axis first
    for (auto pad = window.pad.rbegin(); pad != window.pad.rend(); ++pad) margins.insert(margins.end(), 2, *pad);
    const at::Tensor windows = windows_of(at::constant_pad_nd(x, margins, 0).contiguous(), window);
    Shape shape{x.size(0), x.size(1) * element_count(window.kernel)};
    for (std::int64_t axis = 2 + window.spatial_axes(); axis < windows.dim(); ++axis)
        shape.push_back(windows.size(axis));
    return windows.reshape(shape);
}

at::Tensor fold_windows(const at::Tensor& columns, const ConvolutionWindow& window, at::IntArrayRef sizes) {
    Shape padded{1, sizes[1]};
    for (std::size_t i = 0; i < window.kernel.size(); ++i) padded.push_back(sizes[i + 2] + 2 * window.pad[i]);
    const at::Tensor places = at::arange(element_count(padded), columns.options().dtype(at::kLong)).view(padded);
    at::Tensor x = at::zeros({sizes[0], element_count(padded)}, columns.options())
                       .index_add(1, windows_of(places, window).reshape({-1}), columns.reshape({sizes[0], -1}));
    padded[0] = sizes[0];
    x = x.view(padded);
    for (std::size_t i = 0; i < window.kernel.size(); ++i)
        x = x.narrow(static_cast<std::int64_t>(i) + 2, window.pad[i], sizes[i + 2]);
    return x.contiguous();
}

/// From the side that has the windows to the other one.
at::Tensor UnfoldedConvolution::down(const at::Tensor& wide, const at::Tensor& weight, at::IntArrayRef sizes) const {
    return at::matmul(matrices(weight), grouped(unfold_windows(wide, window_))).reshape(sizes);
}

at::Tensor UnfoldedConvolution::up(const at::Tensor& narrow, const at::Tensor& weight, at::IntArrayRef sizes) const {
    return fold_windows(at::matmul(matrices(weight).transpose(1, 2), grouped(narrow)), window_, sizes);
}

at::Tensor UnfoldedConvolution::forward(const at::Tensor& x, const at::Tensor& weight,
                                        const std::optional<at::Tensor>& bias, bool relu) const {
    Shape sizes{x.size(0), transposed_ ? weight.size(1) * groups_ : weight.size(0)};
    for (int i = 0; i < window_.spatial_axes(); ++i)
        sizes.push_back(transposed_ ? window_.transposed_output_size(i, x.size(i + 2))
                                    : window_.output_size(i, x.size(i + 2)));
    at::Tensor y = transposed_ ? up(x, weight, sizes) : down(x, weight, sizes);
    if (bias) {
        Shape along(sizes.size(), 1);
        along[1] = bias->size(0);
        y = y + bias->view(along);
    }
    return relu ? at::relu_(y) : y;
}

at::Tensor UnfoldedConvolution::input_gradient(const at::Tensor& dy, const at::Tensor& weight,
                                               const at::Tensor& x) const {
    return transposed_ ? down(dy, weight, x.sizes()) : up(dy, weight, x.sizes());
}

at::Tensor UnfoldedConvolution::weight_gradient(const at::Tensor& x, const at::Tensor& dy,
                                                const at::Tensor& weight) const {
    const at::Tensor columns = grouped(unfold_windows(transposed_ ? dy : x, window_));
    return at::matmul(grouped(transposed_ ? x : dy), columns.transpose(2, 3)).sum(0).reshape(weight.sizes());
}

std::int64_t UnfoldedConvolution::workspace(Pass, at::IntArrayRef x, at::IntArrayRef y) const {
    const at::IntArrayRef wide = transposed_ ? y : x, narrow = transposed_ ? x : y;
    return c10::multiply_integers(narrow) / narrow[1] * wide[1] * element_count(window_.kernel);
}

}  // namespace digits
