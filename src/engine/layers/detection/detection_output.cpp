#include <ATen/ATen.h>

#include <cmath>

#include "engine/layers/detection/priors.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// The boxes that an SSD network has found: 1 x 1 x n x 7, rows of image, class (with the background as one), score,
/// left, top, right, bottom as parts of the image; an image without any leads to a row of -1 if no image has one.
/// Bottoms: N x (priors · classes of locations · 4), N x (priors · classes), priors (Wei Liu's Caffe).
class DetectionOutputLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int) const override { return false; }

    void set_up(const Blobs& bottom, const Blobs& top) override {
        const auto& how = parameter_.detection_output_param();
        if (how.num_classes() < 1) throw_invalid("num_classes is missing");
        const auto& nms = how.nms_param();
        if (!(nms.nms_threshold() >= 0))
            throw_invalid("nms_threshold must not be negative; got {}", nms.nms_threshold());
        if (!(nms.eta() > 0 && nms.eta() <= 1)) throw_invalid("eta must be above 0 and at most 1; got {}", nms.eta());
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const auto& how = parameter_.detection_output_param();
        classes_ = how.num_classes();
        place_classes_ = how.share_location() ? 1 : classes_;
        const std::int64_t priors = bottom[2]->axis_count() == 3 ? bottom[2]->dim(2) / 4 : 0;
        if (priors * place_classes_ * 4 != bottom[0]->count(1) || priors * classes_ != bottom[1]->count(1))
            throw_invalid("{} priors and {} classes need {} locations and {} scores an image; got {} and {}", priors,
                          classes_, priors * place_classes_ * 4, priors * classes_, bottom[0]->count(1),
                          bottom[1]->count(1));
        // The number of boxes is known after the forward pass.
        top[0]->reshape({1, 1, 1, kColumns});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const auto& how = parameter_.detection_output_param();
        const Priors priors = read_priors(*bottom[2]);
        const at::Tensor places = bottom[0]->data().to(at::kCPU, at::kDouble).contiguous();
        const at::Tensor scores = bottom[1]->data().to(at::kCPU, at::kDouble).contiguous();
        const PriorCode code{how.code_type(), how.variance_encoded_in_target()};
        const auto count = static_cast<std::int64_t>(priors.boxes.size());
        std::vector<float> rows;
        for (std::int64_t n = 0; n < bottom[0]->dim(0); ++n) {
            const double* place = places.data_ptr<double>() + n * count * place_classes_ * 4;
            const double* score = scores.data_ptr<double>() + n * count * classes_;
            std::vector<Found> found;
            for (std::int64_t c = 0; c < classes_; ++c) {
                if (c == how.background_label_id()) continue;
                const std::int64_t part = place_classes_ == 1 ? 0 : c;
                const auto box_of = [&](std::size_t i) {
                    const double* at = place + (static_cast<std::int64_t>(i) * place_classes_ + part) * 4;
                    return code.decode({at[0], at[1], at[2], at[3]}, priors.boxes[i], priors.variances[i]);
                };
                add_class(c, score, count, box_of, found);
            }
            keep_best(found);
            for (const auto& one : found)
                for (const double value : {static_cast<double>(n), static_cast<double>(one.label), one.score,
                                           one.box.left, one.box.top, one.box.right, one.box.bottom})
                    rows.push_back(static_cast<float>(value));
        }
        if (rows.empty())
            for (std::int64_t n = 0; n < bottom[0]->dim(0); ++n) {
                rows.push_back(static_cast<float>(n));
                rows.insert(rows.end(), kColumns - 1, -1.0F);
            }
        const auto kept = std::ssize(rows) / kColumns;
        top[0]->set_data(at::tensor(rows, at::kFloat).view({1, 1, kept, kColumns}).to(bottom[0]->data().options()));
    }

  private:
    static constexpr std::int64_t kColumns = 7;

    struct Found {
        std::int64_t label = 0;
        double score = 0;
        Edges box;
    };

    /// Of a class: the boxes above the threshold, the best top_k of them, without those that a better one overlaps.
    template <class BoxOf>
    void add_class(std::int64_t label, const double* scores, std::int64_t count, const BoxOf& box_of,
                   std::vector<Found>& found) const {
        const auto& how = parameter_.detection_output_param();
        std::vector<std::pair<double, std::size_t>> ranked;
        for (std::int64_t i = 0; i < count; ++i) {
            const double score = scores[i * classes_ + label];
            if (std::isnan(score)) continue;
            if (!how.has_confidence_threshold() || score > static_cast<double>(how.confidence_threshold()))
                ranked.emplace_back(score, static_cast<std::size_t>(i));
        }
        std::ranges::stable_sort(ranked, std::ranges::greater(), &std::pair<double, std::size_t>::first);
        const auto& nms = how.nms_param();
        if (nms.has_top_k() && nms.top_k() > -1 && static_cast<std::size_t>(nms.top_k()) < ranked.size())
            ranked.resize(static_cast<std::size_t>(nms.top_k()));
        double threshold = nms.nms_threshold();
        std::vector<Edges> kept;
        for (const auto& [score, i] : ranked) {
            const Edges box = box_of(i);
            const bool covered = std::ranges::any_of(
                kept, [&](const Edges& better) { return intersection_over_union(better, box) > threshold; });
            if (covered) continue;
            kept.push_back(box);
            found.push_back({label, score, box});
            if (nms.eta() < 1 && threshold > 0.5) threshold *= nms.eta();
        }
    }

    /// Of an image, in the order of the classes.
    void keep_best(std::vector<Found>& found) const {
        const auto keep = parameter_.detection_output_param().keep_top_k();
        if (keep < 0 || found.size() <= static_cast<std::size_t>(keep)) return;
        std::ranges::stable_sort(found, std::ranges::greater(), &Found::score);
        found.resize(static_cast<std::size_t>(keep));
        std::ranges::stable_sort(found, std::ranges::less(), &Found::label);
    }

    std::int64_t classes_ = 0, place_classes_ = 1;
};

}  // namespace

const LayerType kDetectionOutputLayer{"DetectionOutput", create_layer<DetectionOutputLayer>, 3, 3, 1, 1};

}  // namespace digits
