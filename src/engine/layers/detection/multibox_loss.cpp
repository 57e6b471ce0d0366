#include <ATen/ATen.h>

#include <cmath>

#include "engine/layers/detection/priors.hpp"
#include "engine/layers/loss/labels.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

using Settings = caffe::MultiBoxLossParameter;

/// The loss of SSD (Liu et al., 2016; Wei Liu's Caffe): smooth L1 (or half the square) of the locations of priors that
/// match a box, and the softmax (or logistic) loss of the classes of these and of the hardest others. Bottoms: N x
/// (priors · 4), N x (priors · classes), priors, and the boxes: DIGITS's arrays (boxes.hpp; class + 1, or as it is
/// below the background), or SSD's own rows 1 x 1 x n x 8 of image, class, instance, left, top, right, bottom as parts
/// of the image, difficult.
class MultiBoxLossLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int bottom) const override { return bottom < 2; }

    void set_up(const Blobs& bottom, const Blobs& top) override {
        const auto& how = settings();
        if (how.num_classes() < 2) throw_invalid("num_classes must be at least 2; got {}", how.num_classes());
        const std::pair<const char*, bool> unsupported[] = {
            {"share_location: false", !how.share_location()},
            {"mining_type: HARD_EXAMPLE", mining() == Settings::HARD_EXAMPLE},
            {"use_prior_for_matching: false", !how.use_prior_for_matching()},
            {"bp_inside", how.bp_inside()},
            {"map_object_to_agnostic", how.map_object_to_agnostic()}};
        for (const auto& [field, given] : unsupported)
            if (given)
                throw EngineError{make_error(ErrorCode::kUnsupported, "multibox_loss_param: {} is not supported", field)
                                      .advise("Leave it out: the networks published with SSD do without")};
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        classes_ = settings().num_classes();
        const std::int64_t priors = bottom[2]->axis_count() == 3 ? bottom[2]->dim(2) / 4 : 0;
        if (priors * 4 != bottom[0]->count(1) || priors * classes_ != bottom[1]->count(1))
            throw_invalid("{} priors and {} classes need {} locations and {} scores an image; got {} and {}", priors,
                          classes_, priors * 4, priors * classes_, bottom[0]->count(1), bottom[1]->count(1));
        own_rows_ = bottom[3]->axis_count() == 4 && bottom[3]->dim(3) == kSsdRow;
        if (!own_rows_) check_box_labels(*bottom[3]);
        top[0]->reshape({});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        priors_ = read_priors(*bottom[2]);
        const auto count = static_cast<std::int64_t>(priors_.boxes.size());
        const std::int64_t images = bottom[0]->dim(0);
        const at::Tensor places = bottom[0]->data().to(at::kCPU, at::kDouble).contiguous();
        const at::Tensor scores = bottom[1]->data().to(at::kCPU, at::kDouble).contiguous();
        place_slopes_ = at::zeros(bottom[0]->shape(), at::kDouble);
        score_slopes_ = at::zeros(bottom[1]->shape(), at::kDouble);
        const auto truths = own_rows_ ? read_ssd_rows(*bottom[3], images) : read_arrays(*bottom[3]);
        double loss = 0;
        std::int64_t matched = 0;
        for (std::int64_t n = 0; n < images; ++n) {
            const auto& boxes = truths[static_cast<std::size_t>(n)];
            const auto match = match_boxes(boxes);
            const double* place = places.data_ptr<double>() + n * count * 4;
            const double* score = scores.data_ptr<double>() + n * count * classes_;
            loss += settings().loc_weight() *
                    place_loss(boxes, match, place, place_slopes_.data_ptr<double>() + n * count * 4);
            loss += score_loss(boxes, match, score, score_slopes_.data_ptr<double>() + n * count * classes_);
            matched += std::ranges::count_if(match, [](const Match& one) { return one.box >= 0; });
        }
        rule_ = join(images, count, matched);
        divisor_ = normalizer(rule_);
        top[0]->set_data(at::full({}, loss / divisor_, bottom[0]->data().options()));
    }

    JoinRule join_rule(std::size_t) const override { return rule_; }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        const double factor = top[0]->diff().item<double>() / divisor_;
        if (propagate_down[0])
            bottom[0]->set_diff((place_slopes_ * (factor * settings().loc_weight())).to(bottom[0]->data().options()));
        if (propagate_down[1]) bottom[1]->set_diff((score_slopes_ * factor).to(bottom[1]->data().options()));
    }

  private:
    static constexpr std::int64_t kSsdRow = 8;
    static constexpr double kLeastOverlap = 1e-6;

    /// Which box a prior has; -1: none, -2: none, and it does not count.
    struct Match {
        int box = -1;
        double overlap = 0;
    };

    const Settings& settings() const { return parameter_.multibox_loss_param(); }
    Settings::MiningType mining() const {
        if (!settings().has_do_neg_mining()) return settings().mining_type();
        return settings().do_neg_mining() ? settings().mining_type() : Settings::NONE;
    }

    JoinRule join(std::int64_t images, std::int64_t priors, std::int64_t matched) const {
        switch (normalization(parameter_.loss_param(), caffe::LossParameter::VALID)) {
            case caffe::LossParameter::FULL: return {{static_cast<double>(images * priors)}, false};
            case caffe::LossParameter::VALID: return {{static_cast<double>(matched)}, false};
            case caffe::LossParameter::BATCH_SIZE: return {{static_cast<double>(images)}, false};
            case caffe::LossParameter::NONE: break;
        }
        return {{1}, true};
    }

    using Truths = std::vector<std::vector<LabelledBox>>;

    Truths read_ssd_rows(const Blob& blob, std::int64_t images) const {
        Truths truths(static_cast<std::size_t>(images));
        const at::Tensor values = blob.data().to(at::kCPU, at::kDouble).contiguous();
        const double* row = values.data_ptr<double>();
        for (std::int64_t i = 0; i < values.numel() / kSsdRow; ++i, row += kSsdRow) {
            const auto image = static_cast<std::int64_t>(row[0]);
            if (image < 0) continue;
            if (image >= images) throw_invalid("a box of image {} in a batch of {}", image, images);
            add({{row[3], row[4], row[5], row[6]}, static_cast<int>(row[1]), row[7] != 0, false},
                truths[static_cast<std::size_t>(image)]);
        }
        return truths;
    }

    Truths read_arrays(const Blob& blob) const {
        Truths truths;
        const auto background = static_cast<int>(settings().background_label_id());
        for (const auto& image : read_box_labels(blob)) {
            auto& boxes = truths.emplace_back();
            if (!image.boxes.empty() && (image.width <= 0 || image.height <= 0))
                throw_invalid(
                    "the labels do not tell the size of the network's input: a Data layer writes it where data_param "
                    "has target: BOXES");
            for (auto box : image.boxes) {
                const auto ignored = ignore_label(parameter_.loss_param());
                if (box.crowd || (ignored && box.label == *ignored)) continue;
                box.edges = {box.edges.left / image.width, box.edges.top / image.height, box.edges.right / image.width,
                             box.edges.bottom / image.height};
                if (box.label >= background) ++box.label;
                add(box, boxes);
            }
        }
        return truths;
    }

    void add(const LabelledBox& box, std::vector<LabelledBox>& boxes) const {
        if (box.label < 0 || box.label >= classes_ || box.label == static_cast<int>(settings().background_label_id()))
            throw_invalid(
                "a box of class {}: num_classes is {} with the background, so that the dataset may have {} classes",
                box.label, classes_, classes_ - 1);
        if (box.difficult && !settings().use_difficult_gt()) return;
        if (box.edges.area() > 0) boxes.push_back(box);
    }

    /// First every box takes its best prior, then every other prior its best box.
    std::vector<Match> match_boxes(const std::vector<LabelledBox>& boxes) const {
        const std::size_t count = priors_.boxes.size();
        std::vector<Match> match(count);
        std::vector<std::vector<double>> overlaps(boxes.size(), std::vector<double>(count));
        for (std::size_t i = 0; i < count; ++i) {
            const Edges& prior = priors_.boxes[i];
            const bool crosses = prior.left < 0 || prior.top < 0 || prior.right > 1 || prior.bottom > 1;
            if (settings().ignore_cross_boundary_bbox() && crosses) {
                match[i].box = -2;
                continue;
            }
            for (std::size_t b = 0; b < boxes.size(); ++b) {
                const double overlap = intersection_over_union(prior, boxes[b].edges);
                if (overlap <= kLeastOverlap) continue;
                overlaps[b][i] = overlap;
                match[i].overlap = std::max(match[i].overlap, overlap);
            }
        }
        std::vector<bool> taken(boxes.size());
        for (std::size_t round = 0; round < boxes.size(); ++round) {
            double best = kLeastOverlap;
            std::size_t best_prior = count, best_box = 0;
            for (std::size_t i = 0; i < count; ++i) {
                if (match[i].box != -1) continue;
                for (std::size_t b = 0; b < boxes.size(); ++b)
                    if (!taken[b] && overlaps[b][i] > best) {
                        best = overlaps[b][i];
                        best_prior = i;
                        best_box = b;
                    }
            }
            if (best_prior == count) break;
            match[best_prior] = {static_cast<int>(best_box), best};
            taken[best_box] = true;
        }
        if (settings().match_type() == Settings::BIPARTITE) return match;
        for (std::size_t i = 0; i < count; ++i) {
            if (match[i].box != -1) continue;
            double best = -1;
            for (std::size_t b = 0; b < boxes.size(); ++b) {
                const double overlap = overlaps[b][i];
                if (overlap <= kLeastOverlap || overlap < static_cast<double>(settings().overlap_threshold()) ||
                    overlap <= best)
                    continue;
                best = overlap;
                match[i] = {static_cast<int>(b), overlap};
            }
        }
        return match;
    }

    double place_loss(const std::vector<LabelledBox>& boxes, const std::vector<Match>& match, const double* place,
                      double* slopes) const {
        const PriorCode code{settings().code_type(), settings().encode_variance_in_target()};
        const bool square = settings().loc_loss_type() == Settings::L2;
        double loss = 0;
        for (std::size_t i = 0; i < match.size(); ++i) {
            if (match[i].box < 0) continue;
            const auto target = code.encode(boxes[static_cast<std::size_t>(match[i].box)].edges, priors_.boxes[i],
                                            priors_.variances[i]);
            for (std::size_t k = 0; k < 4; ++k) {
                const double error = place[i * 4 + k] - target[k], size = std::abs(error);
                loss += square || size < 1 ? error * error / 2 : size - 0.5;
                slopes[i * 4 + k] = square ? error : std::clamp(error, -1.0, 1.0);
            }
        }
        return loss;
    }

    int label_of(const std::vector<LabelledBox>& boxes, const Match& match) const {
        return match.box >= 0 ? boxes[static_cast<std::size_t>(match.box)].label
                              : static_cast<int>(settings().background_label_id());
    }

    /// The loss of one prior's class; with `slopes` also those of its scores.
    double class_loss(const double* scores, int label, double* slopes) const {
        double loss = 0;
        if (settings().conf_loss_type() == Settings::LOGISTIC) {
            for (std::int64_t c = 0; c < classes_; ++c) {
                const double x = scores[c], target = c == label ? 1 : 0;
                loss += std::max(x, 0.0) - x * target + std::log1p(std::exp(-std::abs(x)));
                if (slopes) slopes[c] = 1 / (1 + std::exp(-x)) - target;
            }
            return loss;
        }
        const double most = *std::max_element(scores, scores + classes_);
        double sum = 0;
        for (std::int64_t c = 0; c < classes_; ++c) sum += std::exp(scores[c] - most);
        for (std::int64_t c = 0; c < classes_ && slopes; ++c)
            slopes[c] = std::exp(scores[c] - most) / sum - (c == label ? 1 : 0);
        return std::log(sum) + most - scores[label];
    }

    double score_loss(const std::vector<LabelledBox>& boxes, const std::vector<Match>& match, const double* scores,
                      double* slopes) const {
        std::vector<bool> counts(match.size());
        std::vector<std::pair<double, std::size_t>> others;  // by loss
        std::size_t positives = 0;
        for (std::size_t i = 0; i < match.size(); ++i) {
            counts[i] = match[i].box >= 0 || mining() == Settings::NONE;
            if (match[i].box >= 0) ++positives;
            const bool eligible =
                match[i].box == -1 && match[i].overlap < static_cast<double>(settings().neg_overlap());
            if (mining() == Settings::MAX_NEGATIVE && eligible)
                others.emplace_back(
                    class_loss(scores + static_cast<std::int64_t>(i) * classes_, label_of(boxes, match[i]), nullptr),
                    i);
        }
        std::ranges::stable_sort(others, std::ranges::greater(), &std::pair<double, std::size_t>::first);
        const auto hardest = std::min(
            static_cast<std::size_t>(static_cast<double>(positives) * static_cast<double>(settings().neg_pos_ratio())),
            others.size());
        for (std::size_t i = 0; i < hardest; ++i) counts[others[i].second] = true;
        double loss = 0;
        for (std::size_t i = 0; i < match.size(); ++i) {
            const std::int64_t at = static_cast<std::int64_t>(i) * classes_;
            if (counts[i]) loss += class_loss(scores + at, label_of(boxes, match[i]), slopes + at);
        }
        return loss;
    }

    std::int64_t classes_ = 0;
    bool own_rows_ = false;
    Priors priors_;
    at::Tensor place_slopes_, score_slopes_;
    double divisor_ = 1;
    JoinRule rule_;
};

}  // namespace

const LayerType kMultiBoxLossLayer{"MultiBoxLoss", create_layer<MultiBoxLossLayer>, 4, 4, 1, 1, true};

}  // namespace digits
