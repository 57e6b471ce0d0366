#include "caffe/finite_weights.hpp"

#include <algorithm>
#include <cmath>

#include "caffe/weights.hpp"

namespace digits {

Status check_finite_weights(const caffe::NetParameter& weights) {
    for (const auto& layer : weights.layer())
        for (const auto& blob : layer.blobs()) {
            DIGITS_ASSIGN(const auto values, blob_values(blob));
            const auto wrong = std::ranges::find_if_not(values, [](float value) { return std::isfinite(value); });
            if (wrong == values.end()) continue;
            return fail(make_error(ErrorCode::kFailedPrecondition,
                                   "The weights of the layer \"{}\" are {}: they are those of a training that diverged",
                                   layer.name(), std::isnan(*wrong) ? "NaN (not a number)" : "infinite")
                            .advise("Choose an earlier snapshot, or train again with a tenth of the learning rate"));
        }
    return {};
}

}  // namespace digits
