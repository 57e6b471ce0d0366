#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>
#include <limits>

#include "engine/layers/detection/boxes.hpp"
#include "engine/layers/detection/cells.hpp"
#include "engine/layers/loss/labels.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// 1 − GIoU of a box with edges at these distances from a cell's centre, and its slopes (Rezatofighi et al., 2019).
struct BoxLoss {
    double loss = 0;
    double slope[4]{};  ///< by left, top, right, bottom distance
};

BoxLoss generalized_iou_loss(const Edges& box, const Edges& truth) {
    const double w = box.width(), h = box.height();
    const double iw = std::max(std::min(box.right, truth.right) - std::max(box.left, truth.left), 0.0);
    const double ih = std::max(std::min(box.bottom, truth.bottom) - std::max(box.top, truth.top), 0.0);
    const double common = iw * ih, together = w * h + truth.area() - common;
    const double cw = std::max(box.right, truth.right) - std::min(box.left, truth.left);
    const double ch = std::max(box.bottom, truth.bottom) - std::min(box.top, truth.top);
    const double around = cw * ch;
    BoxLoss result;
    result.loss = 2 - common / together - together / around;
    // By the edge in the direction of its distance: outwards.
    const double area[4]{h, w, h, w};
    const bool meets = iw > 0 && ih > 0;
    const double inner[4]{meets && box.left > truth.left ? ih : 0, meets && box.top > truth.top ? iw : 0,
                          meets && box.right < truth.right ? ih : 0, meets && box.bottom < truth.bottom ? iw : 0};
    const double outer[4]{box.left < truth.left ? ch : 0, box.top < truth.top ? cw : 0,
                          box.right > truth.right ? ch : 0, box.bottom > truth.bottom ? cw : 0};
    for (int k = 0; k < 4; ++k) {
        const double union_slope = area[k] - inner[k];
        result.slope[k] = -(inner[k] * together - common * union_slope) / (together * together) -
                          (union_slope * around - together * outer[k]) / (around * around);
    }
    return result;
}

/// Binary cross entropy of a logit and a target of 0 to 1, times |target − score| to a power (Li et al., "Generalized
/// focal loss", 2020; 0: none), and its slope.
struct ScoreLoss {
    double loss = 0, slope = 0;
};

ScoreLoss focal_loss(double logit, double target, double power) {
    const double score = 1 / (1 + std::exp(-logit));
    const double entropy = std::max(logit, 0.0) - logit * target + std::log1p(std::exp(-std::abs(logit)));
    const double error = score - target;
    if (power == 0) return {entropy, error};
    const double distance = std::abs(error);
    if (distance == 0) return {};
    const double weight = std::pow(distance, power);
    return {weight * entropy, weight * error + power * weight / error * score * (1 - score) * entropy};
}

/// The loss of an anchor-free detector. Bottoms: scores and distances of each level (cells.hpp), then the boxes. Boxes
/// are given cells as in TOOD (Feng et al., 2021): of the cells whose center is in a box the top_k with the largest
/// score^score_power · IoU^overlap_power; a cell of several boxes goes to the one that it overlaps most. The target of
/// an assigned cell's score is that product, scaled so that the best cell of a box gets the best overlap; all other
/// targets are 0. The loss is (class_weight · Σ focal loss of the scores + box_weight · Σ target · (1 − GIoU)) / Σ
/// targets. No gradient goes through assignment and targets. Cells in a crowd, or in a box of loss_param.ignore_label,
/// that no box is given count for nothing. With both powers 0 every assigned cell's target is 1, and the nearest cells
/// are taken.
class DetectionLossLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int bottom) const override { return bottom + 1 < parameter_.bottom_size(); }

    void set_up(const Blobs& bottom, const Blobs& top) override {
        const auto& how = parameter_.detection_loss_param();
        if (bottom.size() % 2 == 0)
            throw_invalid("the bottoms must be pairs of scores and distances, and the labels; got {}", bottom.size());
        if (how.top_k() < 1) throw_invalid("top_k must be positive; got {}", how.top_k());
        for (const float value :
             {how.class_weight(), how.box_weight(), how.score_power(), how.overlap_power(), how.focal_power()})
            if (!(value >= 0)) throw_invalid("weights and powers must not be negative; got {}", value);
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        levels_ = read_levels(bottom, bottom.size() / 2, parameter_.detection_loss_param().stride());
        check_box_labels(*bottom.back());
        if (bottom.back()->dim(0) != bottom[0]->dim(0))
            throw_invalid("{} images need as many lists of boxes; got {}", bottom[0]->dim(0), bottom.back()->dim(0));
        top[0]->reshape({});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const std::int64_t images = bottom[0]->dim(0);
        classes_ = bottom[0]->dim(1);
        const auto labels = read_box_labels(*bottom.back());
        check_labels(labels);
        values_.clear();
        slopes_.clear();
        for (std::size_t i = 0; i + 1 < bottom.size(); ++i) {
            values_.push_back(bottom[i]->data().to(at::kCPU, at::kDouble).contiguous());
            slopes_.push_back(at::zeros(bottom[i]->shape(), at::kDouble));
        }
        std::vector<Sums> sums(static_cast<std::size_t>(images));
        at::parallel_for(0, images, 1, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t n = begin; n < end; ++n)
                sums[static_cast<std::size_t>(n)] = add_image(n, labels[static_cast<std::size_t>(n)]);
        });
        Sums all;
        for (const auto& one : sums) {
            all.scores += one.scores;
            all.boxes += one.boxes;
            all.targets += one.targets;
        }
        divisor_ = std::max(all.targets, 1.0);
        rule_ = {{divisor_}, false};
        const auto& how = parameter_.detection_loss_param();
        const double loss = (how.class_weight() * all.scores + how.box_weight() * all.boxes) / divisor_;
        top[0]->set_data(at::full({}, loss, bottom[0]->data().options()));
    }

    JoinRule join_rule(std::size_t) const override { return rule_; }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        const double factor = top[0]->diff().item<double>() / divisor_;
        for (std::size_t i = 0; i < slopes_.size(); ++i)
            if (propagate_down[i]) bottom[i]->set_diff((slopes_[i] * factor).to(bottom[i]->data().options()));
    }

  private:
    struct Sums {
        double scores = 0, boxes = 0, targets = 0;
    };
    struct Candidate {
        double rank = 0, overlap = 0, distance = 0;
        std::size_t cell = 0;
    };
    /// What a cell learns.
    struct Goal {
        int box = -1;
        double overlap = 0, rank = 0;
        bool ignored = false;
    };
    /// All levels' cells of an image, one behind the other.
    struct Cells {
        std::vector<double> x, y, stride;
        std::vector<Edges> boxes;
        std::vector<double*> logits, logit_slopes, distances, distance_slopes;  ///< the first channel's
        std::vector<std::int64_t> plane;                                        ///< from channel to channel
    };

    void check_labels(const std::vector<ImageObjects>& images) const {
        for (const auto& image : images)
            for (const auto& box : image.boxes)
                if (!is_ignored(box) && (box.label < 0 || box.label >= classes_))
                    throw_invalid(
                        "label {} lies outside 0 to {}: the network has scores of {} classes (num_output of the layers "
                        "that make them), the dataset needs {}",
                        box.label, classes_ - 1, classes_, std::max<std::int64_t>(box.label + 1, classes_));
    }

    bool is_ignored(const LabelledBox& box) const {
        const auto ignored = ignore_label(parameter_.loss_param());
        return box.crowd || (ignored && box.label == *ignored);
    }

    Cells cells_of(std::int64_t image) {
        Cells cells;
        for (std::size_t level = 0; level < levels_.size(); ++level) {
            const auto& one = levels_[level];
            const std::int64_t count = one.count();
            double* logits = values_[2 * level].data_ptr<double>() + image * classes_ * count;
            double* logit_slopes = slopes_[2 * level].data_ptr<double>() + image * classes_ * count;
            double* distances = values_[2 * level + 1].data_ptr<double>() + image * 4 * count;
            double* distance_slopes = slopes_[2 * level + 1].data_ptr<double>() + image * 4 * count;
            const auto stride = static_cast<double>(one.stride);
            for (std::int64_t cell = 0; cell < count; ++cell) {
                const double x = one.x(cell), y = one.y(cell);
                const auto reach = [&](std::int64_t k) {
                    return stride * std::exp(std::min(distances[k * count + cell], kMostLogDistance));
                };
                cells.x.push_back(x);
                cells.y.push_back(y);
                cells.stride.push_back(stride);
                cells.boxes.push_back({x - reach(0), y - reach(1), x + reach(2), y + reach(3)});
                cells.logits.push_back(logits + cell);
                cells.logit_slopes.push_back(logit_slopes + cell);
                cells.distances.push_back(distances + cell);
                cells.distance_slopes.push_back(distance_slopes + cell);
                cells.plane.push_back(count);
            }
        }
        return cells;
    }

    /// The cells that a box may be given, best first.
    std::vector<Candidate> candidates_for(const LabelledBox& box, const Cells& cells) const {
        const auto& how = parameter_.detection_loss_param();
        const double middle_x = (box.edges.left + box.edges.right) / 2;
        const double middle_y = (box.edges.top + box.edges.bottom) / 2;
        std::vector<Candidate> found;
        Candidate nearest{0, 0, std::numeric_limits<double>::infinity(), 0};
        for (std::size_t cell = 0; cell < cells.x.size(); ++cell) {
            const double dx = cells.x[cell] - middle_x, dy = cells.y[cell] - middle_y;
            // In strides, so that a finer level is not nearer as such.
            const double distance = (dx * dx + dy * dy) / (cells.stride[cell] * cells.stride[cell]);
            const bool inside = cells.x[cell] > box.edges.left && cells.x[cell] < box.edges.right &&
                                cells.y[cell] > box.edges.top && cells.y[cell] < box.edges.bottom;
            const double plain = dx * dx + dy * dy;
            if (plain < nearest.distance) nearest = {0, 0, plain, cell};
            if (!inside) continue;
            found.push_back(rated(box, cells, cell, distance));
        }
        // A box between the centres has the nearest cell.
        if (found.empty() && !cells.x.empty()) found.push_back(rated(box, cells, nearest.cell, nearest.distance));
        const auto keep = std::min<std::size_t>(how.top_k(), found.size());
        const auto better = [](const Candidate& a, const Candidate& b) {
            if (a.rank != b.rank) return a.rank > b.rank;
            return a.distance != b.distance ? a.distance < b.distance : a.cell < b.cell;
        };
        std::ranges::partial_sort(found, found.begin() + static_cast<std::ptrdiff_t>(keep), better);
        found.resize(keep);
        return found;
    }

    Candidate rated(const LabelledBox& box, const Cells& cells, std::size_t cell, double distance) const {
        const auto& how = parameter_.detection_loss_param();
        const double overlap = intersection_over_union(cells.boxes[cell], box.edges);
        const double logit = cells.logits[cell][box.label * cells.plane[cell]];
        const double score = 1 / (1 + std::exp(-logit));
        const double rank = std::pow(score, static_cast<double>(how.score_power())) *
                            std::pow(overlap, static_cast<double>(how.overlap_power()));
        // The scores of a network that diverges are not numbers.
        return {std::isnan(rank) ? 0 : rank, overlap, distance, cell};
    }

    std::vector<Goal> assign(const ImageObjects& image, const Cells& cells) const {
        std::vector<Goal> goals(cells.x.size());
        for (std::size_t b = 0; b < image.boxes.size(); ++b) {
            const auto& box = image.boxes[b];
            if (is_ignored(box)) {
                for (std::size_t cell = 0; cell < goals.size(); ++cell)
                    goals[cell].ignored =
                        goals[cell].ignored || (cells.x[cell] > box.edges.left && cells.x[cell] < box.edges.right &&
                                                cells.y[cell] > box.edges.top && cells.y[cell] < box.edges.bottom);
                continue;
            }
            if (box.edges.area() <= 0) continue;
            for (const auto& one : candidates_for(box, cells)) {
                Goal& goal = goals[one.cell];
                if (goal.box >= 0 && goal.overlap >= one.overlap) continue;
                goal.box = static_cast<int>(b);
                goal.overlap = one.overlap;
                goal.rank = one.rank;
            }
        }
        return goals;
    }

    /// The target of each assigned cell.
    std::vector<double> targets_of(const std::vector<Goal>& goals, std::size_t boxes) const {
        std::vector<double> best_rank(boxes), best_overlap(boxes);
        for (const auto& goal : goals) {
            if (goal.box < 0) continue;
            const auto b = static_cast<std::size_t>(goal.box);
            best_rank[b] = std::max(best_rank[b], goal.rank);
            best_overlap[b] = std::max(best_overlap[b], goal.overlap);
        }
        const bool by_overlap = parameter_.detection_loss_param().overlap_power() > 0;
        std::vector<double> targets(goals.size());
        for (std::size_t cell = 0; cell < goals.size(); ++cell) {
            if (goals[cell].box < 0) continue;
            const auto b = static_cast<std::size_t>(goals[cell].box);
            const double share = best_rank[b] > 0 ? goals[cell].rank / best_rank[b] : 0;
            targets[cell] = share * (by_overlap ? best_overlap[b] : 1.0);
        }
        return targets;
    }

    /// Adds the terms of an image, and writes their slopes.
    Sums add_image(std::int64_t n, const ImageObjects& image) {
        const auto& how = parameter_.detection_loss_param();
        const Cells cells = cells_of(n);
        const auto goals = assign(image, cells);
        const auto targets = targets_of(goals, image.boxes.size());
        Sums sums;
        for (std::size_t cell = 0; cell < goals.size(); ++cell) {
            const Goal& goal = goals[cell];
            if (goal.box < 0 && goal.ignored) continue;
            const auto* truth = goal.box >= 0 ? &image.boxes[static_cast<std::size_t>(goal.box)] : nullptr;
            for (std::int64_t c = 0; c < classes_; ++c) {
                const double target = truth && truth->label == c ? targets[cell] : 0;
                const auto one = focal_loss(cells.logits[cell][c * cells.plane[cell]], target, how.focal_power());
                sums.scores += one.loss;
                cells.logit_slopes[cell][c * cells.plane[cell]] = how.class_weight() * one.slope;
            }
            if (!truth || targets[cell] <= 0) continue;
            sums.targets += targets[cell];
            const auto one = generalized_iou_loss(cells.boxes[cell], truth->edges);
            sums.boxes += targets[cell] * one.loss;
            const Edges& box = cells.boxes[cell];
            const double reach[4]{cells.x[cell] - box.left, cells.y[cell] - box.top, box.right - cells.x[cell],
                                  box.bottom - cells.y[cell]};
            for (int k = 0; k < 4; ++k) {
                const bool cut = cells.distances[cell][k * cells.plane[cell]] > kMostLogDistance;
                cells.distance_slopes[cell][k * cells.plane[cell]] =
                    cut ? 0 : how.box_weight() * targets[cell] * one.slope[k] * reach[k];
            }
        }
        return sums;
    }

    std::vector<CellLevel> levels_;
    std::int64_t classes_ = 0;
    std::vector<at::Tensor> values_, slopes_;  // of each bottom but the labels, in double precision
    double divisor_ = 1;
    JoinRule rule_;
};

}  // namespace

const LayerType kDetectionLossLayer{"DetectionLoss", create_layer<DetectionLossLayer>, 3, kAnyCount, 1, 1, true};

}  // namespace digits
