#include "engine/layers/window.hpp"

#include <algorithm>

namespace digits {
namespace {

/// A field that is given once for all axes, once per axis, as _h and _w, or not at all.
Shape per_axis(const google::protobuf::RepeatedField<std::uint32_t>& values, bool has_h, std::uint32_t h, bool has_w,
               std::uint32_t w, int axes, std::int64_t otherwise, std::string_view name, std::string_view short_name) {
    if (has_h || has_w) {
        if (axes != 2)
            throw_invalid("{}_h and {}_w are for 2 spatial axes; the bottom has {}", short_name, short_name, axes);
        if (values.size() > 0) throw_invalid("give {} or {}_h and {}_w, not both", name, short_name, short_name);
        return {h, w};
    }
    if (values.size() > 1 && values.size() != axes)
        throw_invalid("give {} once, or once for each of the {} spatial axes; got {}", name, axes, values.size());
    Shape result(static_cast<std::size_t>(axes), otherwise);
    for (int axis = 0; axis < axes && values.size() > 0; ++axis)
        result[static_cast<std::size_t>(axis)] = values.Get(values.size() == 1 ? 0 : axis);
    return result;
}

void check_positive(const Shape& values, std::string_view name) {
    for (const auto value : values)
        if (value <= 0) throw_invalid("{} must be positive; got {}", name, value);
}

}  // namespace

ConvolutionWindow ConvolutionWindow::of(const caffe::ConvolutionParameter& p, int bottom_axes) {
    ConvolutionWindow window;
    window.channel_axis = p.axis() < 0 ? p.axis() + bottom_axes : p.axis();
    if (window.channel_axis < 0 || window.channel_axis >= bottom_axes)
        throw_invalid("axis {} lies outside a bottom with {} axes", p.axis(), bottom_axes);
    const int axes = bottom_axes - window.channel_axis - 1;
    window.kernel = per_axis(p.kernel_size(), p.has_kernel_h(), p.kernel_h(), p.has_kernel_w(), p.kernel_w(), axes, 0,
                             "kernel_size", "kernel");
    window.stride = per_axis(p.stride(), p.has_stride_h(), p.stride_h(), p.has_stride_w(), p.stride_w(), axes, 1,
                             "stride", "stride");
    window.pad = per_axis(p.pad(), p.has_pad_h(), p.pad_h(), p.has_pad_w(), p.pad_w(), axes, 0, "pad", "pad");
    window.dilation = per_axis(p.dilation(), false, 0, false, 0, axes, 1, "dilation", "dilation");
    check_positive(window.kernel, "kernel_size");
    check_positive(window.stride, "stride");
    check_positive(window.dilation, "dilation");
    if (!p.pad_same()) return window;
    if (p.pad_size() > 0 || p.has_pad_h() || p.has_pad_w()) throw_invalid("give pad or pad_same, not both");
    for (std::size_t i = 0; i < window.kernel.size(); ++i) {
        const std::int64_t room = window.dilation[i] * (window.kernel[i] - 1);
        window.pads_by_size = window.pads_by_size || room % 2 != 0 || (room > 0 && window.stride[i] != 1);
    }
    for (std::size_t i = 0; i < window.kernel.size() && !window.pads_by_size; ++i)
        window.pad[i] = window.dilation[i] * (window.kernel[i] - 1) / 2;
    return window;
}

std::vector<std::pair<std::int64_t, std::int64_t>> ConvolutionWindow::margins(const Shape& input) const {
    std::vector<std::pair<std::int64_t, std::int64_t>> result;
    for (std::size_t i = 0; i < kernel.size(); ++i) {
        const std::int64_t outputs = (input[i] + stride[i] - 1) / stride[i];
        const std::int64_t reach = (outputs - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1;
        const std::int64_t missing = std::max<std::int64_t>(reach - input[i], 0);
        result.emplace_back(missing / 2, missing - missing / 2);
    }
    return result;
}

std::int64_t ConvolutionWindow::output_size(int axis, std::int64_t input) const {
    const auto i = static_cast<std::size_t>(axis);
    if (pads_by_size) return (input + stride[i] - 1) / stride[i];
    const std::int64_t extent = dilation[i] * (kernel[i] - 1) + 1;
    if (input + 2 * pad[i] < extent)
        throw_invalid("a kernel of {} does not fit an input of {} with padding {}", extent, input, pad[i]);
    return (input + 2 * pad[i] - extent) / stride[i] + 1;
}

std::int64_t ConvolutionWindow::transposed_output_size(int axis, std::int64_t input) const {
    const auto i = static_cast<std::size_t>(axis);
    const std::int64_t size = stride[i] * (input - 1) + dilation[i] * (kernel[i] - 1) + 1 - 2 * pad[i];
    if (size <= 0) throw_invalid("padding {} leaves nothing of an input of {}", pad[i], input);
    return size;
}

}  // namespace digits
