#include <ATen/ATen.h>

#include <limits>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"
#include "engine/net/measures_set.hpp"

namespace digits {
namespace {

/// Σ (a − b)² / 2N, with a gradient to both. Can measure the mean absolute error of all values of a set.
class EuclideanLossLayer final : public Layer, public MeasuresSet {
  public:
    using Layer::Layer;

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->legacy_dim(0) != bottom[1]->legacy_dim(0) || bottom[0]->count() != bottom[1]->count())
            throw_invalid("both bottoms need as many values an item; got {} and {}", shape_text(bottom[0]->shape()),
                          shape_text(bottom[1]->shape()));
        top[0]->reshape({});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        difference_ = bottom[0]->data() - bottom[1]->data().reshape(bottom[0]->shape());
        top[0]->set_data((difference_ * difference_).sum() / (2.0 * static_cast<double>(bottom[0]->legacy_dim(0))));
        if (!is_measuring_) return;
        absolute_ += difference_.abs().sum(at::kDouble).item<double>();
        values_ += difference_.numel();
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        const at::Tensor slope = difference_ * (top[0]->diff() / static_cast<double>(bottom[0]->legacy_dim(0)));
        if (propagate_down[0]) bottom[0]->set_diff(slope);
        if (propagate_down[1]) bottom[1]->set_diff((-slope).reshape(bottom[1]->shape()));
    }

    std::vector<std::string_view> measures() const override { return {"error"}; }
    void measure() override { is_measuring_ = true; }
    void begin_set() override {
        absolute_ = 0;
        values_ = 0;
    }
    double measured(std::string_view /*name*/) const override {
        return values_ > 0 ? absolute_ / static_cast<double>(values_) : std::numeric_limits<double>::quiet_NaN();
    }

  private:
    at::Tensor difference_;
    bool is_measuring_ = false;
    double absolute_ = 0;      // sum over the values of the set so far
    std::int64_t values_ = 0;  // how many these are
};

}  // namespace

const LayerType kEuclideanLossLayer{"EuclideanLoss", create_layer<EuclideanLossLayer>, 2, 2, 1, 1, true};

}  // namespace digits
