#pragma once

#include <optional>
#include <vector>

#include "caffe.pb.h"
#include "engine/detectnet/float_image.hpp"
#include "engine/detectnet/ground_truth.hpp"
#include "engine/device/random.hpp"

namespace digits {

/// How DetectNet changes one image and its boxes before they meet the network.
struct Variation {
    float degrees_of_hue = 0, saturation = 1;
    bool flipped = false;
    int width = 0, height = 0;  ///< that the image is resized to
    float rotation = 0;         ///< in degrees
    int left = 0, top = 0;      ///< of the part that the network sees
    int seen_width = 0, seen_height = 0;
};

/// Of a TEST: the resizing to the network's size alone.
Variation plain_variation(const caffe::DetectNetGroundTruthParameter& size);
/// Of a TRAIN, for an image of width x height.
Variation draw_variation(const caffe::DetectNetAugmentationParameter& parameter,
                         const caffe::DetectNetGroundTruthParameter& size, int width, int height, RandomStream& random);

/// What is subtracted: nothing, a value a plane, or an image of the input's size. All between 0 and 1.
struct ImageMean {
    std::vector<float> values;  ///< none or 3
    std::optional<FloatImage> image;
};

/// `image`'s values are 0 to 255, and so are the result's but for the mean.
FloatImage vary(FloatImage image, const ImageMean& mean, const Variation& variation);
/// The boxes of an image of width x height.
void vary(std::vector<ObjectBox>& boxes, int width, int height, const Variation& variation);

}  // namespace digits
