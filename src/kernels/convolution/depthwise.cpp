#include "kernels/convolution/depthwise.hpp"

#include <algorithm>

#include "kernels/convolution/depthwise_avx512.hpp"
#include "kernels/convolution/depthwise_passes.hpp"
#include "kernels/isa/simd.hpp"

namespace digits {
namespace {

/// Lanes of the kernels below AVX512_BF16, as in channels.cpp.
constexpr int kLanes = 8;

// Loops over the lines [begin, end) of the outputs or inputs of all items, for the best instruction set.

template <class T>
void forward_lines(const DepthwiseShape& shape, const T* x, const float* w, const float* bias, bool relu, T* y,
                   std::int64_t begin, std::int64_t end) {
    if (has_avx512_bf16()) return depthwise_kernels_avx512(T{}).forward(shape, x, w, bias, relu, y, begin, end);
    dispatch([&]() DIGITS_INLINE_LAMBDA { depthwise_forward_of<kLanes>(shape, x, w, bias, relu, y, begin, end); });
}
template <class T>
void input_gradient_lines(const DepthwiseShape& shape, const T* dy, const float* w, T* dx, std::int64_t begin,
                          std::int64_t end) {
    if (has_avx512_bf16()) return depthwise_kernels_avx512(T{}).input_gradient(shape, dy, w, dx, begin, end);
    dispatch([&]() DIGITS_INLINE_LAMBDA { depthwise_input_gradient_of<kLanes>(shape, dy, w, dx, begin, end); });
}
template <class T>
void weight_gradient_lines(const DepthwiseShape& shape, const T* x, const T* dy, float* dw, std::int64_t begin,
                           std::int64_t end) {
    if (has_avx512_bf16()) return depthwise_kernels_avx512(T{}).weight_gradient(shape, x, dy, dw, begin, end);
    dispatch([&]() DIGITS_INLINE_LAMBDA { depthwise_weight_gradient_of<kLanes>(shape, x, dy, dw, begin, end); });
}

/// (channels, kernel, kernel) to (kernel, kernel, channels), and back.
void weights_to_channels_last(const DepthwiseShape& shape, const float* weight, float* w) {
    const std::int64_t places = shape.kernel * shape.kernel;
    for (std::int64_t place = 0; place < places; ++place)
        for (std::int64_t c = 0; c < shape.channels; ++c) w[place * shape.channels + c] = weight[c * places + place];
}
void weights_from_channels_last(const DepthwiseShape& shape, const float* w, float* weight) {
    const std::int64_t places = shape.kernel * shape.kernel;
    for (std::int64_t place = 0; place < places; ++place)
        for (std::int64_t c = 0; c < shape.channels; ++c) weight[c * places + place] = w[place * shape.channels + c];
}

}  // namespace

std::int64_t depthwise_workspace(const DepthwiseShape& shape, Pass pass, std::int64_t threads) {
    return (pass == Pass::kWeightGradient ? threads : 1) * workspace_part(shape.weights());
}

template <class T>
void depthwise_forward(const DepthwiseShape& shape, const T* x, const float* weight, const float* bias, bool relu, T* y,
                       float* workspace, const Threads& threads) {
    weights_to_channels_last(shape, weight, workspace);
    threads.parallel_for(shape.lines_out(), 1, [&](std::int64_t begin, std::int64_t end) {
        forward_lines(shape, x, workspace, bias, relu, y, begin, end);
    });
}

template <class T>
void depthwise_input_gradient(const DepthwiseShape& shape, const T* dy, const float* weight, T* dx, float* workspace,
                              const Threads& threads) {
    weights_to_channels_last(shape, weight, workspace);
    threads.parallel_for(shape.lines_in(), 1, [&](std::int64_t begin, std::int64_t end) {
        input_gradient_lines(shape, dy, workspace, dx, begin, end);
    });
}

template <class T>
void depthwise_weight_gradient(const DepthwiseShape& shape, const T* x, const T* dy, float* dw, float* workspace,
                               const Threads& threads) {
    const std::int64_t stride = workspace_part(shape.weights());
    parallel_parts(threads, shape.lines_out(), [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
        float* sums = workspace + part * stride;
        std::fill_n(sums, shape.weights(), 0.0F);
        weight_gradient_lines(shape, x, dy, sums, begin, end);
    });
    reduce_parts(threads, workspace, shape.weights(), threads.count(), stride);
    weights_from_channels_last(shape, workspace, dw);
}

template void depthwise_forward(const DepthwiseShape&, const float*, const float*, const float*, bool, float*, float*,
                                const Threads&);
template void depthwise_forward(const DepthwiseShape&, const Bf16*, const float*, const float*, bool, Bf16*, float*,
                                const Threads&);
template void depthwise_input_gradient(const DepthwiseShape&, const float*, const float*, float*, float*,
                                       const Threads&);
template void depthwise_input_gradient(const DepthwiseShape&, const Bf16*, const float*, Bf16*, float*, const Threads&);
template void depthwise_weight_gradient(const DepthwiseShape&, const float*, const float*, float*, float*,
                                        const Threads&);
template void depthwise_weight_gradient(const DepthwiseShape&, const Bf16*, const Bf16*, float*, float*,
                                        const Threads&);

}  // namespace digits
