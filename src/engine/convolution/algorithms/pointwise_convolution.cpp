#include "engine/convolution/algorithms/pointwise_convolution.hpp"

#include "engine/gemm/channels_last_matrix.hpp"
#include "engine/gemm/gemm.hpp"

namespace digits {
namespace {

/// So many values of a weights' gradient are made faster by oneDNN's convolution than by its product of matrices, whose
/// threads share the sums.
constexpr std::int64_t kFewWeights = std::int64_t{1} << 14;

at::Tensor matrix(const at::Tensor& weight) { return weight.view({weight.size(0), weight.size(1)}); }

}  // namespace

bool PointwiseConvolution::takes(Pass pass, at::IntArrayRef, at::IntArrayRef) const {
    return !low_ || (pass == Pass::kWeightGradient && channels_ * outputs_ > kFewWeights);
}

at::Tensor PointwiseConvolution::forward(const at::Tensor& x, const at::Tensor& weight,
                                         const std::optional<at::Tensor>& bias, bool rectify) const {
    return channels_last_planes(gemm_product(channels_last_matrix(x), matrix(weight), bias, rectify), x.sizes());
}

at::Tensor PointwiseConvolution::input_gradient(const at::Tensor& dy, const at::Tensor& weight,
                                                const at::Tensor&) const {
    return channels_last_planes(gemm_input_gradient(channels_last_matrix(dy), matrix(weight)), dy.sizes());
}

at::Tensor PointwiseConvolution::weight_gradient(const at::Tensor& x, const at::Tensor& dy,
                                                 const at::Tensor& weight) const {
    return gemm_weight_gradient(channels_last_matrix(dy), channels_last_matrix(x)).view(weight.sizes());
}

std::int64_t PointwiseConvolution::scratch(Pass pass, at::IntArrayRef, at::IntArrayRef y) const {
    return low_ ? 0 : gemm_workspace(pass, c10::multiply_integers(y) / outputs_, channels_, outputs_);
}

}  // namespace digits
