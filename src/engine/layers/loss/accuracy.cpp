#include <ATen/ATen.h>

#include <array>
#include <limits>

#include "engine/layers/loss/labels.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"
#include "engine/net/measures_set.hpp"

namespace digits {
namespace {

/// The share of items whose true class has fewer than top_k classes with an equal or higher score; an item whose score
/// is NaN is wrong. The second top has the same for each class. With top_k 1 and one item a sample it can measure the
/// F1 of a whole set: the mean over the classes that it has, as evaluations tell it.
class AccuracyLayer final : public Layer, public MeasuresSet {
  public:
    using Layer::Layer;

    bool has_gradient(int) const override { return false; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const auto& accuracy = parameter_.accuracy_param();
        axis_ = canonical_axis(accuracy.axis(), bottom[0]->axis_count(), "axis");
        outer_ = bottom[0]->count(0, axis_);
        inner_ = bottom[0]->count(axis_ + 1);
        const std::int64_t classes = classes_ = bottom[0]->dim(axis_);
        if (accuracy.top_k() < 1 || accuracy.top_k() > bottom[1]->count() * classes ||
            static_cast<std::int64_t>(accuracy.top_k()) > classes)
            throw_invalid("top_k must be 1 to {}, the number of classes; got {}", classes, accuracy.top_k());
        if (bottom[1]->count() != outer_ * inner_)
            throw_invalid("scores of shape {} need {} labels; got {}", shape_text(bottom[0]->shape()), outer_ * inner_,
                          shape_text(bottom[1]->shape()));
        top[0]->reshape({});
        if (top.size() > 1) top[1]->reshape({classes});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const auto& accuracy = parameter_.accuracy_param();
        const std::int64_t classes = bottom[0]->dim(axis_);
        const std::optional<int> ignore =
            accuracy.has_ignore_label() ? std::optional(accuracy.ignore_label()) : std::nullopt;
        const Labels labels = class_indices(*bottom[1], outer_, inner_, classes, ignore);
        const at::Tensor scores = bottom[0]->data().reshape({outer_, classes, inner_});
        const at::Tensor truth = scores.gather(1, labels.index);
        const at::Tensor rivals = (scores >= truth).sum(1, true) - 1;
        at::Tensor right =
            at::logical_and(rivals < static_cast<std::int64_t>(accuracy.top_k()), truth == truth).to(scores);
        at::Tensor counted = at::ones_like(right);
        if (!labels.all_valid) counted.mul_(labels.valid);
        right.mul_(counted);
        if (of_set_.defined()) gather(scores.argmax(1, true), labels.index, right, counted);
        counted_[0] = counted.sum();
        top[0]->set_data(right.sum() / at::clamp_min(counted_[0], 1));
        if (top.size() > 1) {
            const at::Tensor index = labels.index.reshape({-1}), none = at::zeros({classes}, scores.options());
            counted_[1] = none.index_add(0, index, counted.reshape({-1}));
            top[1]->set_data(none.index_add(0, index, right.reshape({-1})) / at::clamp_min(counted_[1], 1));
        }
    }

    JoinRule join_rule(std::size_t top) const override {
        const at::Tensor counts = counted_[top].to(at::kCPU, at::kDouble).contiguous();
        return {{counts.data_ptr<double>(), counts.data_ptr<double>() + counts.numel()}, false};
    }

    void backward(const Blobs&, const std::vector<bool>& propagate_down, const Blobs&) override {
        for (const bool wanted : propagate_down)
            if (wanted) throw_invalid("an Accuracy layer has no gradient");
    }

    std::vector<std::string_view> measures() const override {
        if (parameter_.accuracy_param().top_k() != 1 || inner_ != 1) return {};
        return {"f1"};
    }
    void measure() override { is_measuring_ = true; }
    void begin_set() override { of_set_ = is_measuring_ ? at::zeros({3, 1}, at::kDouble) : at::Tensor(); }
    double measured(std::string_view /*name*/) const override {
        constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
        if (!of_set_.defined()) return kNone;
        const at::Tensor has_items = of_set_[1] > 0;
        const auto classes = has_items.sum().item<double>();
        const auto sum = (2 * of_set_[0] / at::clamp_min(of_set_[1] + of_set_[2], 1)).sum().item<double>();
        return classes > 0 ? sum / classes : kNone;
    }

  private:
    /// One value an item: the class with the highest score, the true class, whether it is right, whether it counts.
    void gather(const at::Tensor& predicted, const at::Tensor& truth, const at::Tensor& right,
                const at::Tensor& counted) {
        const auto add = [&](const at::Tensor& classes, const at::Tensor& weights) {
            return at::bincount(classes.reshape({-1}).cpu(), weights.reshape({-1}).to(at::kCPU, at::kDouble), classes_);
        };
        of_set_ = of_set_ + at::stack({add(truth, right), add(truth, counted), add(predicted, counted)});
    }

    int axis_ = 1;
    std::int64_t outer_ = 0, inner_ = 0, classes_ = 0;
    bool is_measuring_ = false;
    at::Tensor of_set_;                  // by class, of the set so far: right items, items of it, answers that name it
    std::array<at::Tensor, 2> counted_;  // items of each top's values: all, and of each class
};

}  // namespace

const LayerType kAccuracyLayer{"Accuracy", create_layer<AccuracyLayer>, 2, 2, 1, 2};

}  // namespace digits
