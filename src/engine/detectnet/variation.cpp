#include "engine/detectnet/variation.hpp"

#include <algorithm>
#include <cmath>

namespace digits {
namespace {

constexpr float kWhite = 255;

void subtract(FloatImage& image, const ImageMean& mean) {
    const std::size_t plane = image.plane_size();
    for (std::size_t i = 0; i < image.values.size(); ++i) {
        if (mean.image) {
            image.values[i] -= mean.image->values[i];
        } else if (!mean.values.empty()) {
            image.values[i] -= mean.values[i / plane];
        }
    }
}

/// The start of the crop along an axis: at `share` of the range, which is extended by `shift` pixels on both sides.
int start_of_part(float share, int whole, int seen, int shift) {
    const double room = static_cast<double>(whole) - seen + shift;
    return static_cast<int>(std::lround(static_cast<double>(share) * room - shift / 2));
}

}  // namespace

Variation plain_variation(const caffe::DetectNetGroundTruthParameter& size) {
    Variation plain;
    plain.width = plain.seen_width = static_cast<int>(size.image_size_x());
    plain.height = plain.seen_height = static_cast<int>(size.image_size_y());
    return plain;
}

Variation draw_variation(const caffe::DetectNetAugmentationParameter& parameter,
                         const caffe::DetectNetGroundTruthParameter& size, int width, int height,
                         RandomStream& random) {
    const auto happens = [&](float probability) { return random.uniform() < probability; };
    const auto around_zero = [&](float most) { return (random.uniform() * 2 - 1) * most; };
    Variation drawn = plain_variation(size);
    drawn.width = width;
    drawn.height = height;
    if (happens(parameter.hue_rotation_prob()))
        drawn.degrees_of_hue = std::clamp(around_zero(parameter.hue_rotation()), -180.0F, 180.0F);
    if (happens(parameter.desaturation_prob())) drawn.saturation = 1 - random.uniform() * parameter.desaturation_max();
    drawn.flipped = happens(parameter.flip_prob());
    if (happens(parameter.scale_prob())) {
        const float scale = parameter.scale_min() + (parameter.scale_max() - parameter.scale_min()) * random.uniform();
        drawn.width = std::max(1, static_cast<int>(std::lround(static_cast<float>(width) * scale)));
        drawn.height = std::max(1, static_cast<int>(std::lround(static_cast<float>(height) * scale)));
    }
    if (happens(parameter.rotation_prob())) drawn.rotation = around_zero(parameter.max_rotate_degree());
    float share_x = 0.5F, share_y = 0.5F;
    int shift_x = 0, shift_y = 0;
    if (happens(parameter.crop_prob())) {
        share_x = random.uniform();
        share_y = random.uniform();
        shift_x = static_cast<int>(parameter.shift_x());
        shift_y = static_cast<int>(parameter.shift_y());
    }
    int whole_width = drawn.width, whole_height = drawn.height;
    if (drawn.rotation != 0) {
        const Rotation rotation(drawn.width, drawn.height, drawn.rotation);
        whole_width = rotation.width();
        whole_height = rotation.height();
    }
    drawn.left = start_of_part(share_x, whole_width, drawn.seen_width, shift_x);
    drawn.top = start_of_part(share_y, whole_height, drawn.seen_height, shift_y);
    return drawn;
}

FloatImage vary(FloatImage image, const ImageMean& mean, const Variation& variation) {
    for (float& value : image.values) value /= kWhite;
    if (variation.degrees_of_hue != 0 || variation.saturation != 1)
        change_colours(image, variation.degrees_of_hue, variation.saturation);
    subtract(image, mean);
    if (variation.flipped) flip(image);
    if (image.width != variation.width || image.height != variation.height)
        image = resize_cubic(image, variation.width, variation.height);
    if (variation.rotation != 0) image = Rotation(image.width, image.height, variation.rotation).apply(image);
    image = cut_out(image, variation.left, variation.top, variation.seen_width, variation.seen_height);
    for (float& value : image.values) value *= kWhite;
    return image;
}

void vary(std::vector<ObjectBox>& boxes, int width, int height, const Variation& variation) {
    const float across = static_cast<float>(variation.width) / static_cast<float>(width),
                down = static_cast<float>(variation.height) / static_cast<float>(height);
    const Rotation rotation(variation.width, variation.height, variation.rotation);
    for (ObjectBox& box : boxes) {
        if (variation.flipped) box.x = static_cast<float>(width) - box.x - box.width - 1;
        box = {box.x * across, box.y * down, box.width * across, box.height * down, box.kind};
        if (variation.rotation != 0) {
            // The box keeps its size; only its middle moves.
            float x = box.x + box.width / 2, y = box.y + box.height / 2;
            rotation.move(x, y);
            box.x = x - box.width / 2;
            box.y = y - box.height / 2;
        }
        box.x -= static_cast<float>(variation.left);
        box.y -= static_cast<float>(variation.top);
    }
}

}  // namespace digits
