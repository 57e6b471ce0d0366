#include <ATen/ATen.h>
#include <fmt/format.h>

#include <limits>
#include <optional>

#include "engine/layers/types.hpp"
#include "engine/net/explains_zero.hpp"
#include "engine/net/layer.hpp"
#include "metrics/pixel_confusion.hpp"
#include "metrics/sentence.hpp"

namespace digits {
namespace {

/// Of a whole validation set: the mean IoU over the classes that it has or that are predicted, and the share of right
/// pixels. Bottoms: scores (N x classes x H x W; of one channel: above 0 is class 1), and the classes of the pixels.
class SegmentationMetricsLayer final : public Layer, public ExplainsZero {
  public:
    using Layer::Layer;

    bool has_gradient(int) const override { return false; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->axis_count() != 4)
            throw_invalid("scores must be N x classes x H x W; got {}", shape_text(bottom[0]->shape()));
        const std::int64_t pixels = bottom[0]->dim(0) * bottom[0]->count(2);
        if (bottom[1]->count() != pixels)
            throw_invalid("scores of shape {} need {} labels; got {}", shape_text(bottom[0]->shape()), pixels,
                          shape_text(bottom[1]->shape()));
        for (Blob* one : top) one->reshape({});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor scores = bottom[0]->data();
        const at::Tensor classes = scores.size(1) > 1 ? scores.argmax(1) : scores > 0;
        const at::Tensor predicted = classes.to(at::kCPU, at::kInt).contiguous();
        const at::Tensor truth = bottom[1]->data().to(at::kCPU, at::kInt).contiguous();
        const auto& how = parameter_.segmentation_metrics_param();
        if (!confusion_)
            confusion_.emplace(static_cast<int>(std::max<std::int64_t>(scores.size(1), 2)),
                               how.has_ignore_label() ? std::optional(how.ignore_label()) : std::nullopt);
        const auto count = static_cast<std::size_t>(predicted.numel());
        confusion_->add({truth.data_ptr<int>(), count}, {predicted.data_ptr<int>(), count});
        for (Blob* one : top) one->set_data(at::full({}, std::numeric_limits<float>::quiet_NaN(), scores.options()));
    }

    void begin_set() override { confusion_.reset(); }

    void end_set(const Blobs& top) override {
        if (!confusion_) return;
        const std::optional<double> values[]{confusion_->mean_iou(), confusion_->pixel_accuracy()};
        for (std::size_t i = 0; i < top.size(); ++i) top[i]->data().fill_(values[i].value_or(0));
    }

    std::string explain_zero(double /*smallest*/, std::span<const std::string> names) const override {
        if (!confusion_) return {};
        if (confusion_->valid_pixels() == 0)
            return sentence("No pixel of the validation masks counts: all have the value that is ignored.");
        int classes = 0, predicted = 0;
        std::size_t only = 0;
        for (std::size_t label = 0; label < static_cast<std::size_t>(confusion_->classes()); ++label) {
            classes += confusion_->truth_pixels(label) > 0;
            if (confusion_->predicted_pixels(label) == 0) continue;
            ++predicted;
            only = label;
        }
        if (predicted > 1 || classes < 2) return {};
        return sentence(
            "All pixels of the validation are predicted as {}, although the masks have {} classes: the network "
            "has learned nothing yet but the most frequent one. Train longer, or choose another learning rate.",
            class_words(names, static_cast<int>(only)), classes);
    }

    JoinRule join_rule(std::size_t) const override { return {{}, false, true}; }

  private:
    std::optional<PixelConfusion> confusion_;  // of the set so far
};

}  // namespace

const LayerType kSegmentationMetricsLayer{"SegmentationMetrics", create_layer<SegmentationMetricsLayer>, 2, 2, 1, 2};

}  // namespace digits
