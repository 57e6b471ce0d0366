#include "data/sample_channels.hpp"

#include <algorithm>

namespace digits {
namespace {

template <class Value>
bool has_equal_colors(const std::vector<Value>& samples) {
    for (std::size_t i = 0; i + 2 < samples.size(); i += 3)
        if (samples[i] != samples[i + 1] || samples[i] != samples[i + 2]) return false;
    return true;
}

bool is_grey(const Image& image) {
    if (image.channels != 3) return image.channels == 1;
    return image.is_deep() ? has_equal_colors(image.values) : has_equal_colors(image.pixels);
}

}  // namespace

int channels_of(const Sample& sample) {
    const auto* made = std::get_if<Image>(&sample.target);
    return std::ranges::all_of(sample.images, is_grey) && (!made || is_grey(*made)) ? 1 : 3;
}

}  // namespace digits
