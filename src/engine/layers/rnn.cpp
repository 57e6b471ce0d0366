#include <ATen/ATen.h>

#include "engine/layers/recurrent.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// h_t = tanh(W_hh (cont_t h_{t−1}) + W_xh x_t + b_h + W_xh_static x_static), o_t = tanh(W_ho h_t + b_o). Blobs: W_xh,
/// b_h, [W_xh_static], W_hh, W_ho, b_o.
class RNNLayer final : public RecurrentBase {
  public:
    RNNLayer(const caffe::LayerParameter& parameter, const LayerContext& context)
        : RecurrentBase(parameter, context, 1) {}

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        const at::Tensor w_xh = blobs()[0]->data(), w_hh = hidden_weight().data(), w_ho = output_weight().data();
        const at::Tensor dz = top[0]->diff() * (1 - output_ * output_);  // before o's tanh
        const at::Tensor dz_flat = dz.reshape({-1, outputs_});
        const at::Tensor dh_out = at::mm(dz_flat, w_ho).view({steps_, items_, outputs_});
        at::Tensor da = at::empty_like(dh_out), carry = at::zeros({items_, outputs_}, dz.options());
        for (std::int64_t t = steps_ - 1; t >= 0; --t) {
            const at::Tensor h = hidden_[t];
            const at::Tensor step = (dh_out[t] + carry) * (1 - h * h);
            da[t].copy_(step);
            carry = at::mm(step, w_hh) * cont_[t];
        }
        const at::Tensor da_flat = da.view({-1, outputs_});
        const std::size_t hh = has_static_ ? 3 : 2;
        if (wants_gradient(0)) blobs()[0]->accumulate_diff(at::mm(da_flat.t(), input_));
        if (wants_gradient(1)) blobs()[1]->accumulate_diff(da_flat.sum(0));
        if (has_static_ && wants_gradient(2)) blobs()[2]->accumulate_diff(at::mm(da.sum(0).t(), static_input_));
        if (wants_gradient(hh)) blobs()[hh]->accumulate_diff(at::mm(da_flat.t(), previous_.view({-1, outputs_})));
        if (wants_gradient(hh + 1)) blobs()[hh + 1]->accumulate_diff(at::mm(dz_flat.t(), hidden_.view({-1, outputs_})));
        if (wants_gradient(hh + 2)) blobs()[hh + 2]->accumulate_diff(dz_flat.sum(0));
        if (propagate_down[0]) bottom[0]->set_diff(at::mm(da_flat, w_xh).view(bottom[0]->shape()));
        if (has_static_ && propagate_down[2])
            bottom[2]->set_diff(at::mm(da.sum(0), blobs()[2]->data()).view(bottom[2]->shape()));
    }

  protected:
    void make_blobs(const caffe::FillerParameter& weight, const caffe::FillerParameter& bias) override {
        add_blob({outputs_, inputs_}, weight);
        add_blob({outputs_}, bias);
        if (has_static_) add_blob({outputs_, static_inputs_}, weight);
        add_blob({outputs_, outputs_}, weight);
        add_blob({outputs_, outputs_}, weight);
        add_blob({outputs_}, bias);
    }

    at::Tensor unroll(std::vector<at::Tensor>& states) override {
        at::Tensor from_input =
            at::addmm(blobs()[1]->data(), input_, blobs()[0]->data().t()).view({steps_, items_, outputs_});
        if (has_static_) from_input = from_input + at::mm(static_input_, blobs()[2]->data().t());
        hidden_ = at::empty_like(from_input);
        previous_ = at::empty_like(from_input);
        for (std::int64_t t = 0; t < steps_; ++t) {
            previous_[t].copy_(states[0] * cont_[t]);
            hidden_[t].copy_(at::tanh(at::addmm(from_input[t], previous_[t], hidden_weight().data().t())));
            states[0] = hidden_[t];
        }
        states[0] = states[0].clone();
        output_ = at::tanh(at::addmm(blobs().back()->data(), hidden_.view({-1, outputs_}), output_weight().data().t()))
                      .view({steps_, items_, outputs_});
        // Layers that work in place on the top must not change what backward reads.
        return output_.clone();
    }

  private:
    Blob& hidden_weight() { return *blobs()[has_static_ ? 3 : 2]; }
    Blob& output_weight() { return *blobs()[has_static_ ? 4 : 3]; }

    at::Tensor hidden_, previous_, output_;  // (T, N, D); previous_: cont_t h_{t−1}
};

}  // namespace

const LayerType kRNNLayer{"RNN", create_layer<RNNLayer>, 2, 4, 1, 2};

}  // namespace digits
