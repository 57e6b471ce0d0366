#pragma once

#include <ATen/ATen.h>

#include "engine/net/layer.hpp"

namespace digits {

/// What RNN and LSTM share. Bottoms: x (T x N x …), cont (T x N, 0 where a sequence starts), an optional static input
/// (N x …), and with expose_hidden the first states (1 x N x D each); tops: outputs (T x N x D), and the last states.
/// Without expose_hidden the last states are carried over to the next forward pass. Gradients do not flow between
/// forward passes.
class RecurrentBase : public Layer {
  public:
    RecurrentBase(const caffe::LayerParameter& parameter, const LayerContext& context, int state_count)
        : Layer(parameter, context), state_count_(state_count) {}

    bool has_gradient(int bottom) const override { return bottom != 1; }

    void set_up(const Blobs& bottom, const Blobs& top) override {
        const auto& recurrent = parameter_.recurrent_param();
        outputs_ = recurrent.num_output();
        exposed_ = recurrent.expose_hidden();
        if (outputs_ <= 0) throw_invalid("num_output must be positive; got {}", outputs_);
        const std::size_t states = exposed_ ? static_cast<std::size_t>(state_count_) : 0;
        has_static_ = bottom.size() == 3 + states;
        if (bottom.size() != 2 + states && !has_static_)
            throw_invalid("the bottoms are x, cont, an optional static input{}; got {}",
                          exposed_ ? " and the first states" : "", bottom.size());
        if (top.size() != 1 + states) throw_invalid("{} tops are needed; got {}", 1 + states, top.size());
        if (bottom[0]->axis_count() < 2)
            throw_invalid("x needs at least 2 axes (time, batch); got {}", bottom[0]->axis_count());
        steps_ = bottom[0]->dim(0);
        inputs_ = bottom[0]->count(2);
        static_inputs_ = has_static_ ? bottom[2]->count(1) : 0;
        make_blobs(recurrent.weight_filler(), recurrent.bias_filler());
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->dim(0) != steps_)
            throw_invalid("the number of time steps must stay {}; it is now {}", steps_, bottom[0]->dim(0));
        if (bottom[0]->count(2) != inputs_)
            throw_invalid("x must keep {} values a step; it has now {}", inputs_, bottom[0]->count(2));
        items_ = bottom[0]->dim(1);
        if (bottom[1]->shape() != Shape{steps_, items_})
            throw_invalid("cont needs shape {} x {}; got {}", steps_, items_, shape_text(bottom[1]->shape()));
        if (has_static_ && bottom[2]->dim(0) != items_)
            throw_invalid("the static input needs {} items; got {}", items_, bottom[2]->dim(0));
        top[0]->reshape({steps_, items_, outputs_});
        for (std::size_t i = 1; i < top.size(); ++i) {
            top[i]->reshape({1, items_, outputs_});
            if (bottom[first_state() + i - 1]->count() != items_ * outputs_)
                throw_invalid("a first state needs shape 1 x {} x {}; got {}", items_, outputs_,
                              shape_text(bottom[first_state() + i - 1]->shape()));
        }
        if (!carried_.empty() && carried_[0].size(0) != items_) carried_.clear();
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor x = bottom[0]->data().reshape({steps_ * items_, inputs_});
        cont_ = bottom[1]->data().reshape({steps_, items_, 1});
        static_input_ = has_static_ ? bottom[2]->data().reshape({items_, static_inputs_}) : at::Tensor();
        input_ = x;
        if (carried_.empty())
            carried_.assign(static_cast<std::size_t>(state_count_), at::zeros({items_, outputs_}, x.options()));
        std::vector<at::Tensor> states = carried_;
        if (exposed_)
            for (std::size_t i = 0; i < states.size(); ++i)
                states[i] = bottom[first_state() + i]->data().reshape({items_, outputs_});
        top[0]->set_data(unroll(states));
        if (!exposed_) {
            carried_ = states;
            return;
        }
        for (std::size_t i = 0; i < states.size(); ++i) top[i + 1]->set_data(states[i].reshape({1, items_, outputs_}));
    }

  protected:
    /// Adds the parameters in Caffe's order.
    virtual void make_blobs(const caffe::FillerParameter& weight, const caffe::FillerParameter& bias) = 0;
    /// Runs all steps from `states`, leaves the last states there; gives the outputs (T, N, D).
    virtual at::Tensor unroll(std::vector<at::Tensor>& states) = 0;

    std::size_t first_state() const { return has_static_ ? 3 : 2; }

    const int state_count_;
    std::int64_t steps_ = 0, items_ = 0, inputs_ = 0, outputs_ = 0, static_inputs_ = 0;
    bool exposed_ = false, has_static_ = false;
    at::Tensor input_;         // (T · N, inputs)
    at::Tensor cont_;          // (T, N, 1)
    at::Tensor static_input_;  // (N, static inputs), if there is one

  private:
    std::vector<at::Tensor> carried_;
};

}  // namespace digits
