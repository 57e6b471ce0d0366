#include <ATen/ATen.h>

#include "engine/layers/recurrent.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// Gates i, f, o, g (stacked in this order) = W_xc x_t + b_c + W_hc (cont_t h_{t−1}) + W_xc_static x_static;
/// c_t = cont_t σ(f) c_{t−1} + σ(i) tanh(g); h_t = σ(o) tanh(c_t). Blobs: W_xc, b_c, [W_xc_static], W_hc.
class LSTMLayer final : public RecurrentBase {
  public:
    LSTMLayer(const caffe::LayerParameter& parameter, const LayerContext& context)
        : RecurrentBase(parameter, context, 2) {}

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        const at::Tensor dy = top[0]->diff(), w_hc = blobs().back()->data();
        const at::Tensor dgates = at::empty({steps_, items_, 4 * outputs_}, dy.options());
        at::Tensor dh_next = at::zeros({items_, outputs_}, dy.options()), dc_next = at::zeros_like(dh_next);
        for (std::int64_t t = steps_ - 1; t >= 0; --t) {
            const at::Tensor dh = dy[t] + dh_next, tanh_c = at::tanh(cell_[t]);
            const auto gate = gates_[t].split(outputs_, 1);
            const at::Tensor &i = gate[0], &f = gate[1], &o = gate[2], &g = gate[3];
            const at::Tensor dc = dh * o * (1 - tanh_c * tanh_c) + dc_next;
            // As in Caffe the gate's slope is that of cont σ(f), which is exact for a cont of 0 or 1.
            dgates[t].copy_(at::cat({dc * g * i * (1 - i), dc * previous_cell_[t] * f * (1 - f * cont_[t]),
                                     dh * tanh_c * o * (1 - o), dc * i * (1 - g * g)},
                                    1));
            dc_next = dc * f * cont_[t];
            dh_next = at::mm(dgates[t], w_hc) * cont_[t];
        }
        const at::Tensor flat = dgates.view({-1, 4 * outputs_});
        if (wants_gradient(0)) blobs()[0]->accumulate_diff(at::mm(flat.t(), input_));
        if (wants_gradient(1)) blobs()[1]->accumulate_diff(flat.sum(0));
        if (has_static_ && wants_gradient(2)) blobs()[2]->accumulate_diff(at::mm(dgates.sum(0).t(), static_input_));
        if (wants_gradient(blobs().size() - 1))
            blobs().back()->accumulate_diff(at::mm(flat.t(), previous_hidden_.view({-1, outputs_})));
        if (propagate_down[0]) bottom[0]->set_diff(at::mm(flat, blobs()[0]->data()).view(bottom[0]->shape()));
        if (has_static_ && propagate_down[2])
            bottom[2]->set_diff(at::mm(dgates.sum(0), blobs()[2]->data()).view(bottom[2]->shape()));
    }

  protected:
    void make_blobs(const caffe::FillerParameter& weight, const caffe::FillerParameter& bias) override {
        add_blob({4 * outputs_, inputs_}, weight);
        add_blob({4 * outputs_}, bias);
        if (has_static_) add_blob({4 * outputs_, static_inputs_}, weight);
        add_blob({4 * outputs_, outputs_}, weight);
    }

    at::Tensor unroll(std::vector<at::Tensor>& states) override {
        at::Tensor from_input =
            at::addmm(blobs()[1]->data(), input_, blobs()[0]->data().t()).view({steps_, items_, 4 * outputs_});
        if (has_static_) from_input = from_input + at::mm(static_input_, blobs()[2]->data().t());
        const at::Tensor hidden = at::empty({steps_, items_, outputs_}, from_input.options());
        gates_ = at::empty_like(from_input);
        cell_ = at::empty_like(hidden);
        previous_cell_ = at::empty_like(hidden);
        previous_hidden_ = at::empty_like(hidden);
        at::Tensor &h = states[0], &c = states[1];
        for (std::int64_t t = 0; t < steps_; ++t) {
            previous_hidden_[t].copy_(h * cont_[t]);
            previous_cell_[t].copy_(c * cont_[t]);
            const at::Tensor raw = at::addmm(from_input[t], previous_hidden_[t], blobs().back()->data().t());
            const auto parts = raw.split(outputs_, 1);
            gates_[t].copy_(
                at::cat({at::sigmoid(parts[0]), at::sigmoid(parts[1]), at::sigmoid(parts[2]), at::tanh(parts[3])}, 1));
            const auto gate = gates_[t].split(outputs_, 1);
            c = gate[1] * previous_cell_[t] + gate[0] * gate[3];
            h = gate[2] * at::tanh(c);
            cell_[t].copy_(c);
            hidden[t].copy_(h);
        }
        return hidden;
    }

  private:
    at::Tensor gates_;                                   // (T, N, 4 D), after σ and tanh
    at::Tensor cell_, previous_cell_, previous_hidden_;  // (T, N, D); previous ones times cont_t
};

}  // namespace

const LayerType kLSTMLayer{"LSTM", create_layer<LSTMLayer>, 2, 5, 1, 3};

}  // namespace digits
