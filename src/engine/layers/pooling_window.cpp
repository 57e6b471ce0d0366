#include "engine/layers/pooling_window.hpp"

#include <cmath>

#include "engine/net/layer.hpp"

namespace digits {
namespace {

void place(PoolingAxis& axis, bool floor, bool any_pad) {
    // In float, as Caffe divides.
    const float steps = static_cast<float>(axis.size + 2 * axis.pad - axis.kernel) / static_cast<float>(axis.stride);
    axis.outputs = static_cast<std::int64_t>(floor ? std::floor(steps) : std::ceil(steps)) + 1;
    if (any_pad && (axis.outputs - 1) * axis.stride >= axis.size + axis.pad) --axis.outputs;
    if (axis.outputs < 1)
        throw_invalid("a kernel of {} does not fit an input of {} with padding {}", axis.kernel, axis.size, axis.pad);
}

}  // namespace

PoolingWindow make_pooling_window(const caffe::PoolingParameter& p, std::int64_t height, std::int64_t width) {
    PoolingWindow window;
    window.y.size = height;
    window.x.size = width;
    const bool has_kernel = p.has_kernel_size() || p.has_kernel_h() || p.has_kernel_w();
    // As in Caffe, one of the two next to kernel_size is ignored.
    if (p.has_kernel_size() && p.has_kernel_h() && p.has_kernel_w())
        throw_invalid("give kernel_size or kernel_h and kernel_w, not both");
    if (p.has_pad() && (p.has_pad_h() || p.has_pad_w())) throw_invalid("give pad or pad_h and pad_w, not both");
    if (p.has_stride() && (p.has_stride_h() || p.has_stride_w()))
        throw_invalid("give stride or stride_h and stride_w, not both");
    window.y.pad = p.has_pad_h() ? p.pad_h() : p.pad();
    window.x.pad = p.has_pad_w() ? p.pad_w() : p.pad();
    window.y.stride = p.has_stride_h() ? p.stride_h() : p.stride();
    window.x.stride = p.has_stride_w() ? p.stride_w() : p.stride();
    if (p.global_pooling()) {
        if (has_kernel) throw_invalid("global_pooling takes the whole input; no kernel may be given");
        window.y.kernel = height;
        window.x.kernel = width;
        if (window.y.pad || window.x.pad || window.y.stride != 1 || window.x.stride != 1)
            throw_invalid("global_pooling needs pad 0 and stride 1");
    } else {
        if (!p.has_kernel_size() && !(p.has_kernel_h() && p.has_kernel_w()))
            throw_invalid("give kernel_size, or both kernel_h and kernel_w");
        window.y.kernel = p.has_kernel_size() ? p.kernel_size() : p.kernel_h();
        window.x.kernel = p.has_kernel_size() ? p.kernel_size() : p.kernel_w();
    }
    for (const PoolingAxis* axis : {&window.y, &window.x}) {
        if (axis->kernel <= 0) throw_invalid("kernel_size must be positive; got {}", axis->kernel);
        if (axis->stride <= 0) throw_invalid("stride must be positive; got {}", axis->stride);
        if (axis->pad >= axis->kernel)
            throw_invalid("pad ({}) must be smaller than the kernel ({})", axis->pad, axis->kernel);
        if (axis->pad > 0 && p.pool() == caffe::PoolingParameter::STOCHASTIC)
            throw_invalid("padding is for MAX and AVE pooling only");
    }
    const bool floor = p.round_mode() == caffe::PoolingParameter::FLOOR, any_pad = window.y.pad || window.x.pad;
    place(window.y, floor, any_pad);
    place(window.x, floor, any_pad);
    return window;
}

}  // namespace digits
