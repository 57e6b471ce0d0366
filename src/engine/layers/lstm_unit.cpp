#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// One step of an LSTM without its products. Bottoms: c before (1, N, D), gates i, f, o, g before their functions
/// (1, N, 4 D), cont (1, N); tops: c and h. c = cont σ(f) c_before + σ(i) tanh(g), h = σ(o) tanh(c).
class LSTMUnitLayer final : public Layer {
  public:
    using Layer::Layer;
    bool has_gradient(int bottom) const override { return bottom < 2; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const Blob &cell = *bottom[0], &gates = *bottom[1], &cont = *bottom[2];
        if (cell.axis_count() != 3 || cell.dim(0) != 1 || gates.shape() != Shape{1, cell.dim(1), 4 * cell.dim(2)} ||
            cont.shape() != Shape{1, cell.dim(1)})
            throw_invalid("expected bottoms of 1 x N x D, 1 x N x 4 D and 1 x N; got {}, {} and {}",
                          shape_text(cell.shape()), shape_text(gates.shape()), shape_text(cont.shape()));
        for (Blob* one : top) one->reshape(cell.shape());
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const auto raw = bottom[1]->data().chunk(4, 2);
        input_ = at::sigmoid(raw[0]);
        forget_ = at::sigmoid(raw[1]) * bottom[2]->data().unsqueeze(2);
        output_ = at::sigmoid(raw[2]);
        value_ = at::tanh(raw[3]);
        const at::Tensor cell = forget_ * bottom[0]->data() + input_ * value_;
        tanh_cell_ = at::tanh(cell);
        top[0]->set_data(cell);
        top[1]->set_data(output_ * tanh_cell_);
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        const at::Tensor dh = top[1]->diff();
        const at::Tensor dc = top[0]->diff() + dh * output_ * (1 - tanh_cell_ * tanh_cell_);
        if (propagate_down[0]) bottom[0]->set_diff(dc * forget_);
        if (propagate_down[1])
            bottom[1]->set_diff(
                at::cat({dc * value_ * input_ * (1 - input_), dc * bottom[0]->data() * forget_ * (1 - forget_),
                         dh * tanh_cell_ * output_ * (1 - output_), dc * input_ * (1 - value_ * value_)},
                        2));
    }

  private:
    at::Tensor input_, forget_, output_, value_, tanh_cell_;  // (1, N, D); forget_ times cont
};

}  // namespace

const LayerType kLSTMUnitLayer{"LSTMUnit", create_layer<LSTMUnitLayer>, 3, 3, 2, 2};

}  // namespace digits
