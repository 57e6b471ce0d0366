#include <ATen/ATen.h>

#include "engine/gemm/linear.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"
#include "engine/precision/products.hpp"

namespace digits {
namespace {

/// On a CPU, up to so many rows, the weight gradient is computed from floats: converting the result from bf16 would
/// take longer than the GEMM.
constexpr std::int64_t kFewRows = 128;

/// y = x Wᵀ + b over everything from `axis` on. Weight (num_output, K), or (K, num_output) with transpose.
class InnerProductLayer final : public Layer {
  public:
    InnerProductLayer(const caffe::LayerParameter& parameter, const LayerContext& context)
        : Layer(parameter, context), products_(context.products) {}

    void set_up(const Blobs& bottom, const Blobs& top) override {
        const auto& product = parameter_.inner_product_param();
        outputs_ = product.num_output();
        transpose_ = product.transpose();
        if (outputs_ <= 0) throw_invalid("num_output must be positive; got {}", outputs_);
        axis_ = canonical_axis(product.axis(), bottom[0]->axis_count(), "axis");
        inputs_ = bottom[0]->count(axis_);
        add_blob(transpose_ ? Shape{inputs_, outputs_} : Shape{outputs_, inputs_}, product.weight_filler());
        if (product.bias_term()) add_blob({outputs_}, product.bias_filler());
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->count(axis_) != inputs_)
            throw_invalid("the bottom must keep {} values an item; it has now {}", inputs_, bottom[0]->count(axis_));
        Shape shape(bottom[0]->shape().begin(), bottom[0]->shape().begin() + axis_);
        shape.push_back(outputs_);
        top[0]->reshape(shape);
    }

    std::int64_t workspace_size(const Blob& bottom, Pass pass) const override {
        if (!on_cpu()) return 0;
        // oneDNN packs bf16 weights.
        if (products_.is_native()) return pass == Pass::kWeightGradient ? 0 : inputs_ * outputs_ / 2;
        if (!in_rows()) return 0;
        return linear_workspace(pass, bottom.count(0, axis_), inputs_, outputs_);
    }

    bool takes_low_precision() const override { return products_.has_low_blobs(); }

    void forward(const Blobs& bottom, const Blobs& top) override {
        input_ = products_.operand(bottom[0]->data().reshape({-1, inputs_}));
        weight_ = products_.operand(blobs()[0]->data());
        const std::optional<at::Tensor> bias =
            blobs().size() > 1 ? std::optional(products_.operand(blobs()[1]->data())) : std::nullopt;
        const at::Tensor columns = transpose_ ? weight_ : weight_.t();
        const at::Tensor y = in_rows() ? linear_forward(input_, weight_, bias, false)
                             : bias    ? at::addmm(*bias, input_, columns)
                                       : at::mm(input_, columns);
        top[0]->set_data(products_.passed_on(y).view(top[0]->shape()));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        const at::Tensor dy = top[0]->diff().reshape({-1, outputs_});
        if (blobs().size() > 1 && wants_gradient(1))
            blobs()[1]->accumulate_diff(dy.sum(0, false, blobs()[1]->data().scalar_type()));
        if (!wants_gradient(0) && !propagate_down[0]) return;
        const auto gradient = products_.gradient(dy);
        if (wants_gradient(0)) {
            const bool in_float = on_cpu() && products_.is_native() && input_.size(0) <= kFewRows;
            const at::Tensor x = in_float ? input_.to(at::kFloat) : input_,
                             g = in_float ? gradient.operand.to(at::kFloat) : gradient.operand;
            const at::Tensor dw = transpose_  ? at::mm(x.t(), g)
                                  : in_rows() ? linear_weight_gradient(g, x)
                                              : at::mm(g.t(), x);
            blobs()[0]->accumulate_diff(products_.result(dw, gradient));
        }
        if (!propagate_down[0]) return;
        const at::Tensor dx = in_rows() ? linear_input_gradient(gradient.operand, weight_)
                                        : at::mm(gradient.operand, transpose_ ? weight_.t() : weight_);
        bottom[0]->set_diff(products_.passed_on(dx, gradient).view(bottom[0]->shape()));
    }

  private:
    /// Operands are rows as engine/gemm/linear.hpp takes them.
    bool in_rows() const { return on_cpu() && !transpose_; }

    const Products products_;
    int axis_ = 1;
    std::int64_t outputs_ = 0, inputs_ = 0;
    bool transpose_ = false;
    at::Tensor input_, weight_;  // the last forward pass's operands; the input is (M, K)
};

}  // namespace

const LayerType kInnerProductLayer{"InnerProduct", create_layer<InnerProductLayer>};

}  // namespace digits
