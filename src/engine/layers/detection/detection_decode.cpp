#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>

#include "engine/layers/detection/boxes.hpp"
#include "engine/layers/detection/cells.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// The boxes that a detector without anchors has found. Bottoms: scores and distances of each level (cells.hpp). The
/// top is N x keep_top_k x 6: class (-1: an empty row), score, left, top, right, bottom in pixels of the network's
/// input, by falling score, after non-maximum suppression within each class.
class DetectionDecodeLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int) const override { return false; }

    void set_up(const Blobs& bottom, const Blobs& top) override {
        const auto& how = parameter_.detection_decode_param();
        if (bottom.size() % 2 != 0)
            throw_invalid("the bottoms must be pairs of scores and distances; got {}", bottom.size());
        if (how.keep_top_k() < 1 || how.nms_top_k() < 1)
            throw_invalid("keep_top_k and nms_top_k must be positive; got {} and {}", how.keep_top_k(),
                          how.nms_top_k());
        if (!(how.score_threshold() > 0 && how.score_threshold() < 1))
            throw_invalid("score_threshold must be between 0 and 1; got {}", how.score_threshold());
        if (!(how.nms_threshold() > 0 && how.nms_threshold() <= 1))
            throw_invalid("nms_threshold must be above 0 and at most 1; got {}", how.nms_threshold());
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const auto& how = parameter_.detection_decode_param();
        levels_ = read_levels(bottom, bottom.size() / 2, how.stride());
        top[0]->reshape({bottom[0]->dim(0), how.keep_top_k(), kColumns});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        std::vector<at::Tensor> values;
        for (const Blob* blob : bottom) values.push_back(blob->data().to(at::kCPU, at::kFloat).contiguous());
        const at::Tensor rows = at::zeros(top[0]->shape(), at::kFloat);
        rows.select(2, 0).fill_(-1);
        const std::int64_t classes = bottom[0]->dim(1);
        at::parallel_for(0, bottom[0]->dim(0), 1, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t n = begin; n < end; ++n) {
                float* out = rows.data_ptr<float>() + n * rows.size(1) * kColumns;
                for (const auto& one : kept(candidates(values, n, classes))) {
                    const float row[kColumns]{static_cast<float>(one.label),     static_cast<float>(one.score),
                                              static_cast<float>(one.box.left),  static_cast<float>(one.box.top),
                                              static_cast<float>(one.box.right), static_cast<float>(one.box.bottom)};
                    out = std::copy(std::begin(row), std::end(row), out);
                }
            }
        });
        top[0]->set_data(rows.to(bottom[0]->data().options()));
    }

  private:
    static constexpr std::int64_t kColumns = 6;

    struct Found {
        double score = 0;
        std::int64_t label = 0;
        Edges box;
    };

    /// By falling score; of equal ones in the order of classes and cells.
    std::vector<Found> candidates(const std::vector<at::Tensor>& values, std::int64_t image,
                                  std::int64_t classes) const {
        const auto& how = parameter_.detection_decode_param();
        const double threshold = how.score_threshold();
        const auto least = static_cast<float>(std::log(threshold / (1 - threshold)));
        std::vector<Found> found;
        for (std::size_t level = 0; level < levels_.size(); ++level) {
            const auto& one = levels_[level];
            const std::int64_t count = one.count();
            const float* logits = values[2 * level].data_ptr<float>() + image * classes * count;
            const float* distances = values[2 * level + 1].data_ptr<float>() + image * 4 * count;
            for (std::int64_t c = 0; c < classes; ++c)
                for (std::int64_t cell = 0; cell < count; ++cell) {
                    const float logit = logits[c * count + cell];
                    if (!(logit >= least)) continue;
                    found.push_back({1 / (1 + std::exp(-static_cast<double>(logit))), c, box_of(one, cell, distances)});
                }
        }
        const auto keep = std::min<std::size_t>(found.size(), how.nms_top_k());
        std::ranges::stable_sort(found, std::ranges::greater(), &Found::score);
        found.resize(keep);
        return found;
    }

    std::vector<Found> kept(const std::vector<Found>& found) const {
        const auto& how = parameter_.detection_decode_param();
        std::vector<Found> kept;
        for (const auto& one : found) {
            if (kept.size() == how.keep_top_k()) break;
            const bool covered = std::ranges::any_of(kept, [&](const Found& better) {
                return better.label == one.label &&
                       intersection_over_union(better.box, one.box) > static_cast<double>(how.nms_threshold());
            });
            if (!covered) kept.push_back(one);
        }
        return kept;
    }

    std::vector<CellLevel> levels_;
};

}  // namespace

const LayerType kDetectionDecodeLayer{"DetectionDecode", create_layer<DetectionDecodeLayer>, 2, kAnyCount, 1, 1};

}  // namespace digits
