#include "engine/gemm/linear.hpp"

#include "engine/device/libtorch_threads.hpp"
#include "kernels/gemm/gemm.hpp"
#include "kernels/isa/instruction_set.hpp"

namespace digits {
namespace {

bool g_prefer_kernels = false;

/// Whether the kernels are faster than MKL, which packs both factors: with AVX-512, for many rows on every processor,
/// for few rows on those of other makers than Intel, for which MKL does not use AVX-512.
bool uses_kernels(std::int64_t rows) {
    if (g_prefer_kernels) return has_avx2();
    return has_avx512() && (rows > kFewRows || !is_intel_processor());
}

bool suits_kernels(const at::Tensor& a, const at::Tensor& b, std::int64_t rows) {
    return uses_kernels(rows) && a.device().is_cpu() && a.scalar_type() == at::kFloat &&
           b.scalar_type() == at::kFloat && a.is_contiguous() && b.is_contiguous() && a.numel() > 0 && b.numel() > 0;
}

at::Tensor workspace_of(const GemmShape& shape, Pass pass) {
    return make_workspace(gemm_workspace(shape, pass, libtorch_threads.count()));
}

}  // namespace

at::Tensor linear_forward(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                          bool relu) {
    if (!suits_kernels(x, weight, x.size(0))) {
        const at::Tensor columns = weight.t();
        at::Tensor y = bias ? at::addmm(*bias, x, columns) : at::mm(x, columns);
        return relu ? at::relu_(y) : y;
    }
    const GemmShape shape{x.size(0), x.size(1), weight.size(0)};
    const at::Tensor y = at::empty({shape.rows, shape.outputs}, at::kFloat),
                     workspace = workspace_of(shape, Pass::kForward);
    gemm_forward(shape, x.data_ptr<float>(), weight.data_ptr<float>(), bias ? bias->data_ptr<float>() : nullptr, relu,
                 y.data_ptr<float>(), workspace.data_ptr<float>(), libtorch_threads);
    return y;
}

at::Tensor linear_input_gradient(const at::Tensor& dy, const at::Tensor& weight) {
    if (!suits_kernels(dy, weight, dy.size(0))) return at::mm(dy, weight);
    const GemmShape shape{dy.size(0), weight.size(1), weight.size(0)};
    const at::Tensor dx = at::empty({shape.rows, shape.inputs}, at::kFloat),
                     workspace = workspace_of(shape, Pass::kInputGradient);
    gemm_input_gradient(shape, dy.data_ptr<float>(), weight.data_ptr<float>(), dx.data_ptr<float>(),
                        workspace.data_ptr<float>(), libtorch_threads);
    return dx;
}

at::Tensor linear_weight_gradient(const at::Tensor& dy, const at::Tensor& x) {
    if (!suits_kernels(dy, x, x.size(0))) return at::mm(dy.t(), x);
    const GemmShape shape{x.size(0), x.size(1), dy.size(1)};
    const at::Tensor dw = at::empty({shape.outputs, shape.inputs}, at::kFloat),
                     workspace = workspace_of(shape, Pass::kWeightGradient);
    gemm_weight_gradient(shape, x.data_ptr<float>(), dy.data_ptr<float>(), dw.data_ptr<float>(),
                         workspace.data_ptr<float>(), libtorch_threads);
    return dw;
}

std::int64_t linear_workspace(Pass pass, std::int64_t rows, std::int64_t inputs, std::int64_t outputs) {
    return uses_kernels(rows) ? gemm_workspace({rows, inputs, outputs}, pass, libtorch_threads.count()) : 0;
}

void prefer_gemm_kernels(bool prefer) { g_prefer_kernels = prefer; }

}  // namespace digits
