#include "engine/convolution/algorithms/pointwise_convolution.hpp"

#include "engine/gemm/channels_last_matrix.hpp"
#include "engine/gemm/linear.hpp"

namespace digits {
namespace {

/// Up to so many weights, the weight gradient of oneDNN's convolution is faster than its GEMM, in which the threads
/// share the sums.
constexpr std::int64_t kFewWeights = std::int64_t{1} << 14;

at::Tensor matrix(const at::Tensor& weight) { return weight.view({weight.size(0), weight.size(1)}); }

}  // namespace

bool PointwiseConvolution::takes(Pass pass, at::IntArrayRef, at::IntArrayRef) const {
    return !low_ || (pass == Pass::kWeightGradient && channels_ * outputs_ > kFewWeights);
}

at::Tensor PointwiseConvolution::forward(const at::Tensor& x, const at::Tensor& weight,
                                         const std::optional<at::Tensor>& bias, bool relu) const {
    return channels_last_planes(linear_forward(channels_last_matrix(x), matrix(weight), bias, relu), x.sizes());
}

at::Tensor PointwiseConvolution::input_gradient(const at::Tensor& dy, const at::Tensor& weight,
                                                const at::Tensor&) const {
    return channels_last_planes(linear_input_gradient(channels_last_matrix(dy), matrix(weight)), dy.sizes());
}

at::Tensor PointwiseConvolution::weight_gradient(const at::Tensor& x, const at::Tensor& dy,
                                                 const at::Tensor& weight) const {
    return linear_weight_gradient(channels_last_matrix(dy), channels_last_matrix(x)).view(weight.sizes());
}

std::int64_t PointwiseConvolution::workspace(Pass pass, at::IntArrayRef, at::IntArrayRef y) const {
    return low_ ? 0 : linear_workspace(pass, c10::multiply_integers(y) / outputs_, channels_, outputs_);
}

}  // namespace digits
