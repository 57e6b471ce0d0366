#include "engine/convolution/row_convolution.hpp"

#include "engine/convolution/pixel_rows.hpp"
#include "engine/convolution/row_products.hpp"

namespace digits {
namespace {

/// So many values of a weights' gradient are made faster by oneDNN's convolution than by its product of matrices, whose
/// threads share the sums.
constexpr std::int64_t kFewWeights = std::int64_t{1} << 14;

at::Tensor matrix(const at::Tensor& weight) { return weight.view({weight.size(0), weight.size(1)}); }

}  // namespace

bool RowConvolution::takes(Pass pass, at::IntArrayRef, at::IntArrayRef) const {
    return !low_ || (pass == Pass::kWeightGradient && channels_ * outputs_ > kFewWeights);
}

at::Tensor RowConvolution::forward(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                                   bool rectify) const {
    return pixel_planes(row_product(pixel_rows(x), matrix(weight), bias, rectify), x.sizes());
}

at::Tensor RowConvolution::input_gradient(const at::Tensor& dy, const at::Tensor& weight, const at::Tensor&) const {
    return pixel_planes(row_input_gradient(pixel_rows(dy), matrix(weight)), dy.sizes());
}

at::Tensor RowConvolution::weight_gradient(const at::Tensor& x, const at::Tensor& dy, const at::Tensor& weight) const {
    return row_weight_gradient(pixel_rows(dy), pixel_rows(x)).view(weight.sizes());
}

std::int64_t RowConvolution::scratch(Pass pass, at::IntArrayRef, at::IntArrayRef y) const {
    return low_ ? 0 : row_scratch(pass, c10::multiply_integers(y) / outputs_, channels_, outputs_);
}

}  // namespace digits
