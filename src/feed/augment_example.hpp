#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"
#include "caffe.pb.h"
#include "caffe/augmentation.hpp"
#include "feed/feed.hpp"

namespace digits {

struct AugmentExampleOptions {
    std::filesystem::path database;
    /// The database of the images' boxes or masks, which are shown moved; empty: there are none.
    std::filesystem::path targets;
    FeedRecords target_records = FeedRecords::kBoxes;
    caffe::TransformationParameter transform;
    Augmentation augmentation;
    std::uint64_t seed = 1;
    int images = 4;    ///< taken evenly over the database
    int variants = 5;  ///< of each, as in so many epochs
};

/// What a training would see of some images: `width`, `height` of what reaches the network, and `images`: a list of
/// `{"record", "label", "original", "variants"}` with data URLs. Where a mean is subtracted, gray stands for 0. With
/// targets each also has `original_target` and `variant_targets`, which are drawn over them: `{"width", "height"}` of
/// the image in pixels and `boxes`, a list of `{"class", "left", "top", "right", "bottom"}`, or `mask`, a data URL of
/// class numbers.
Result<nlohmann::json> augment_example(const AugmentExampleOptions& options);

}  // namespace digits
