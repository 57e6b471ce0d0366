#include <ATen/ATen.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "base/random.hpp"
#include "engine/layers/own_diff.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// From Beta(alpha, alpha) for 0 < alpha <= 1, by Jöhnk's method (M. D. Jöhnk, "Erzeugung von betaverteilten und
/// gammaverteilten Zufallszahlen", 1964). At least one pair of three is accepted, whatever alpha.
double draw_beta(double alpha, SplitMix64& random) {
    const auto uniform = [&random] { return static_cast<double>((random.next() >> 11) + 1) * 0x1.0p-53; };
    for (;;) {
        // In logarithms: for a small alpha the powers themselves become 0.
        const double a = std::log(uniform()) / alpha;
        const double b = std::log(uniform()) / alpha;
        const double most = std::max(a, b);
        const double sum = most + std::log(std::exp(a - most) + std::exp(b - most));
        if (sum <= 0) return std::exp(a - sum);
    }
}

/// TRAIN: image i of the batch becomes part * image i + (1 - part) * image k(i), for a random order k of the batch and
/// a part drawn from Beta(alpha, alpha) for each batch. The second top tells a SoftmaxWithLoss: for each image the
/// label of k(i), and the part. TEST: the images as they are, their own labels, and 1.
///
/// Bottoms: data N x ..., labels N. Tops: data, also in place; N x 2.
class MixupLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int bottom) const override { return bottom == 0; }

    void set_up(const Blobs& bottom, const Blobs& top) override {
        alpha_ = parameter_.mixup_param().alpha();
        if (!(alpha_ > 0 && alpha_ <= 1)) throw_invalid("alpha must be above 0 and at most 1; got {}", alpha_);
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const auto images = bottom[0]->dim(0);
        if (bottom[1]->count() != images)
            throw_invalid("{} images need as many labels; got {}", images, shape_text(bottom[1]->shape()));
        if (top[0] != bottom[0]) top[0]->reshape(bottom[0]->shape());
        top[1]->reshape({images, 2});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor x = bottom[0]->data();
        const at::Tensor labels = bottom[1]->data().reshape({-1});
        draw(x);
        top[1]->set_data(at::stack({labels.index_select(0, order_), at::full_like(labels, part_)}, 1));
        if (part_ < 1) {
            top[0]->set_data(x * part_ + x.index_select(0, order_) * (1 - part_));
        } else if (top[0] != bottom[0]) {
            top[0]->set_data(x.clone());
        }
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const at::Tensor dy = top[0]->diff();
        if (part_ < 1) {
            at::Tensor dx = dy * part_;
            dx.index_add_(0, order_, dy, 1 - part_);
            bottom[0]->set_diff(dx);
        } else if (top[0] != bottom[0]) {
            bottom[0]->set_diff(dy.clone());
        }
    }

  private:
    void draw(const at::Tensor& x) {
        std::vector<std::int64_t> order(static_cast<std::size_t>(x.size(0)));
        std::iota(order.begin(), order.end(), 0);
        part_ = 1;
        if (is_training()) {
            SplitMix64 random(pass_seed());
            part_ = draw_beta(alpha_, random);
            shuffle(std::span(order), random);
        }
        order_ = at::tensor(order, at::kLong).to(x.device());
    }

    double alpha_ = 0;
    double part_ = 1;
    at::Tensor order_;  // k
};

}  // namespace

const LayerType kMixupLayer{"Mixup", create_layer<MixupLayer>, 2, 2, 2, 2};

}  // namespace digits
