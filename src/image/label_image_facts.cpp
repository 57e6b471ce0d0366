// Apart from what decodes: the server links no decoder.

#include <algorithm>
#include <functional>

#include "image/label_image.hpp"

namespace digits {
namespace {

bool is_uniform(const auto& samples) {
    return std::ranges::adjacent_find(samples, std::ranges::not_equal_to()) == samples.end();
}

}  // namespace

bool LabelImage::differs_only_in_alpha() const { return !alpha.empty() && is_uniform(values) && !is_uniform(alpha); }

}  // namespace digits
