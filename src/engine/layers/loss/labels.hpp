#pragma once

#include <ATen/ATen.h>

#include <optional>

#include "engine/net/layer.hpp"

namespace digits {

/// The class labels of a loss or metric, one for each position (outer, 1, inner) around the class axis.
struct Labels {
    at::Tensor index;  // int64; ignored ones are 0
    at::Tensor valid;  // bool
    bool all_valid = true;
};

/// Throws EngineError for a label outside [0, classes).
inline Labels class_indices(const at::Tensor& values, std::int64_t outer, std::int64_t inner, std::int64_t classes,
                            std::optional<int> ignore) {
    Labels labels;
    labels.index = values.reshape({outer, 1, inner}).to(at::kLong);
    if (ignore) {
        labels.valid = labels.index != *ignore;
        labels.index = at::where(labels.valid, labels.index, 0);
        labels.all_valid = false;
    }
    if (labels.index.numel() == 0) return labels;
    const auto [low, high] = at::aminmax(labels.index);
    const auto least = low.item<std::int64_t>(), most = high.item<std::int64_t>();
    if (least < 0 || most >= classes)
        throw_invalid(
            "label {} lies outside 0 to {}: the network has {} outputs (num_output of its last layer), the dataset "
            "needs {}",
            least < 0 ? least : most, classes - 1, classes, std::max(most + 1, classes));
    return labels;
}
inline Labels class_indices(const Blob& blob, std::int64_t outer, std::int64_t inner, std::int64_t classes,
                            std::optional<int> ignore) {
    return class_indices(blob.data(), outer, inner, classes, ignore);
}

/// Errors: other than one weight, not negative, for each class.
inline void check_class_weights(const caffe::LossParameter& loss, std::int64_t classes) {
    if (loss.class_weight_size() == 0) return;
    if (loss.class_weight_size() != classes)
        throw_invalid("class_weight needs one value for each of the {} classes; got {}", classes,
                      loss.class_weight_size());
    for (const float weight : loss.class_weight())
        if (!(weight >= 0)) throw_invalid("a class_weight must not be negative; got {}", weight);
}

/// How much each label counts, of the type of `like`: 0 if it is ignored, else its class's weight. Undefined: all
/// count alike.
inline at::Tensor label_weights(const caffe::LossParameter& loss, const Labels& labels, const at::Tensor& like) {
    at::Tensor weights;
    if (loss.class_weight_size() > 0) {
        const std::vector<double> of_class(loss.class_weight().begin(), loss.class_weight().end());
        weights = at::tensor(of_class, at::kDouble).to(like.options()).index({labels.index});
    }
    if (labels.all_valid) return weights;
    return weights.defined() ? weights * labels.valid : labels.valid.to(like.scalar_type());
}

inline std::optional<int> ignore_label(const caffe::LossParameter& loss) {
    return loss.has_ignore_label() ? std::optional(loss.ignore_label()) : std::nullopt;
}

/// How Caffe normalizes a loss; `normalization` has priority over the old `normalize`.
inline caffe::LossParameter::NormalizationMode normalization(const caffe::LossParameter& loss,
                                                             caffe::LossParameter::NormalizationMode otherwise) {
    if (loss.has_normalization()) return loss.normalization();
    if (loss.has_normalize()) return loss.normalize() ? caffe::LossParameter::VALID : caffe::LossParameter::BATCH_SIZE;
    return otherwise;
}

/// What a loss is divided by.
inline JoinRule loss_join_rule(caffe::LossParameter::NormalizationMode mode, std::int64_t outer, std::int64_t inner,
                               const at::Tensor& valid) {
    switch (mode) {
        case caffe::LossParameter::FULL: return {{static_cast<double>(outer * inner)}, false};
        case caffe::LossParameter::VALID:
            return {{valid.defined() ? valid.sum().item<double>() : static_cast<double>(outer * inner)}, false};
        case caffe::LossParameter::BATCH_SIZE: return {{static_cast<double>(outer)}, false};
        case caffe::LossParameter::NONE: break;
    }
    return {{1}, true};
}

/// At least 1.
inline double normalizer(const JoinRule& rule) { return std::max(rule.counts.front(), 1.0); }

}  // namespace digits
