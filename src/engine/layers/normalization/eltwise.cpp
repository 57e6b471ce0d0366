#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "engine/layers/activation/relu.hpp"
#include "engine/layers/channels_last.hpp"
#include "engine/layers/own_diff.hpp"
#include "engine/layers/stored.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/absorber.hpp"
#include "engine/net/layer.hpp"
#include "kernels/elementwise/channels.hpp"

namespace digits {
namespace {

using Operation = caffe::EltwiseParameter;

/// Sum (with coefficients), product or maximum of bottoms of one shape. On a tie between bottoms 0 and 1 the second one
/// wins the maximum; later ones must be strictly greater.
class EltwiseLayer final : public Layer, public Absorber {
  public:
    using Layer::Layer;

    void set_up(const Blobs& bottom, const Blobs& top) override {
        const auto& eltwise = parameter_.eltwise_param();
        const auto coefficients = static_cast<std::size_t>(eltwise.coeff_size());
        if (coefficients != 0 && coefficients != bottom.size())
            throw_invalid("give no coeff or one for each of the {} bottoms; got {}", bottom.size(), coefficients);
        // MAX ignores them, as in Caffe.
        if (coefficients != 0 && eltwise.operation() == Operation::PROD) throw_invalid("coeff is for SUM only");
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        for (std::size_t i = 1; i < bottom.size(); ++i)
            if (bottom[i]->shape() != bottom[0]->shape())
                throw_invalid("all bottoms need one shape; bottom 0 is {}, bottom {} is {}",
                              shape_text(bottom[0]->shape()), i, shape_text(bottom[i]->shape()));
        top[0]->reshape(bottom[0]->shape());
    }

    bool absorb(Layer& next) override {
        if (!on_cpu() || rectifier_ || !is_rectifier(next.parameter())) return false;
        rectifier_ = &next;
        return true;
    }

    bool takes_low_precision() const override { return true; }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor a = bottom[0]->data();
        const at::Tensor b = bottom[1]->data();
        at::Tensor y;
        switch (parameter_.eltwise_param().operation()) {
            case Operation::PROD:
                y = a * b;
                for (std::size_t i = 2; i < bottom.size(); ++i) y.mul_(bottom[i]->data());
                break;
            case Operation::SUM:
                if (on_cpu() && is_plain_sum(bottom.size()) && walk_alike(a, b)) {
                    top[0]->set_data(added(a, b, rectifier_ != nullptr));
                    return;
                }
                y = coefficient(0) == 1 ? at::add(a, b, coefficient(1))
                                        : at::add(a * coefficient(0), b, coefficient(1));
                for (std::size_t i = 2; i < bottom.size(); ++i) y.add_(bottom[i]->data(), coefficient(i));
                break;
            case Operation::MAX:
                winner_ = at::where(a > b, 0, 1);
                y = at::maximum(a, b);
                for (std::size_t i = 2; i < bottom.size(); ++i) {
                    const at::Tensor x = bottom[i]->data();
                    winner_ = at::where(x > y, static_cast<std::int64_t>(i), winner_);
                    y = at::maximum(y, x);
                }
                break;
        }
        if (rectifier_) at::relu_(y);
        top[0]->set_data(y);
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (rectifier_) relu_gradient(*top[0]);
        const at::Tensor dy = top[0]->diff();
        for (std::size_t i = 0; i < bottom.size(); ++i) {
            if (!propagate_down[i]) continue;
            switch (parameter_.eltwise_param().operation()) {
                case Operation::PROD: bottom[i]->set_diff(dy * other_factors(top, bottom, i)); break;
                case Operation::SUM:
                    // A layer that changes it in place makes a copy (own_diff()).
                    bottom[i]->set_diff(coefficient(i) == 1 ? dy : dy * coefficient(i));
                    break;
                case Operation::MAX: bottom[i]->set_diff(dy * (winner_ == static_cast<std::int64_t>(i))); break;
            }
        }
    }

  private:
    bool is_plain_sum(std::size_t bottoms) const {
        return parameter_.eltwise_param().operation() == Operation::SUM && bottoms == 2 && coefficient(0) == 1 &&
               coefficient(1) == 1;
    }
    /// The gradient before the absorbed ReLU, in one pass if possible.
    void relu_gradient(Blob& top) const {
        const at::Tensor y = top.data();
        if (!on_cpu() || !walk_alike(top.diff(), y)) {
            rectifier_->backward({&top}, {true}, {&top});
            return;
        }
        const at::Tensor dy = own_diff(top);
        with_stored_type(dy, [&]<class T>(T) {
            at::parallel_for(0, dy.numel(), 1 << 14, [&](std::int64_t begin, std::int64_t end) {
                relu_gradient_in_place(stored<T>(dy) + begin, stored<T>(y) + begin, end - begin);
            });
        });
    }

    float coefficient(std::size_t i) const {
        const auto& eltwise = parameter_.eltwise_param();
        return eltwise.coeff_size() ? eltwise.coeff(static_cast<int>(i)) : 1.0F;
    }

    at::Tensor other_factors(const Blobs& top, const Blobs& bottom, std::size_t self) const {
        if (!parameter_.eltwise_param().stable_prod_grad()) return top[0]->data() / bottom[self]->data();
        at::Tensor product;
        for (std::size_t i = 0; i < bottom.size(); ++i) {
            if (i == self) continue;
            product = product.defined() ? product * bottom[i]->data() : bottom[i]->data();
        }
        return product;
    }

    at::Tensor winner_;
    Layer* rectifier_ = nullptr;  // absorbed
};

}  // namespace

const LayerType kEltwiseLayer{"Eltwise", create_layer<EltwiseLayer>, 2, kAnyCount, 1, 1};

}  // namespace digits
