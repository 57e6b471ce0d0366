#include <ATen/ATen.h>

#include "engine/layer.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// y = x Wᵀ + b over everything from `axis` on. Weight (num_output, K), or (K, num_output) with transpose.
class InnerProductLayer final : public Layer {
  public:
    using Layer::Layer;

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

    void forward(const Blobs& bottom, const Blobs& top) override {
        input_ = bottom[0]->data().reshape({-1, inputs_});
        const at::Tensor weight = transpose_ ? blobs()[0]->data() : blobs()[0]->data().t();
        const at::Tensor y =
            blobs().size() > 1 ? at::addmm(blobs()[1]->data(), input_, weight) : at::mm(input_, weight);
        top[0]->set_data(y.view(top[0]->shape()));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        const at::Tensor dy = top[0]->diff().reshape({-1, outputs_});
        if (wants_gradient(0))
            blobs()[0]->accumulate_diff(transpose_ ? at::mm(input_.t(), dy) : at::mm(dy.t(), input_));
        if (blobs().size() > 1 && wants_gradient(1)) blobs()[1]->accumulate_diff(dy.sum(0));
        if (propagate_down[0])
            bottom[0]->set_diff(
                at::mm(dy, transpose_ ? blobs()[0]->data().t() : blobs()[0]->data()).view(bottom[0]->shape()));
    }

  private:
    int axis_ = 1;
    std::int64_t outputs_ = 0, inputs_ = 0;
    bool transpose_ = false;
    at::Tensor input_;  // (M, K)
};

}  // namespace

const LayerType kInnerProductLayer{"InnerProduct", create_layer<InnerProductLayer>};

}  // namespace digits
