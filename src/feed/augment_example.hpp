#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"
#include "caffe.pb.h"
#include "caffe/augmentation.hpp"

namespace digits {

struct AugmentExampleOptions {
    std::filesystem::path database;
    caffe::TransformationParameter transform;
    Augmentation augmentation;
    std::uint64_t seed = 1;
    int pictures = 4;  ///< taken evenly over the database
    int variants = 5;  ///< of each, as in so many epochs
};

/// What a training would see of some pictures: `width`, `height` of what reaches the network, and `pictures`: a list of
/// `{"record", "label", "original", "variants"}` with data URLs. Where a mean is subtracted, grey stands for 0.
Result<nlohmann::json> augment_example(const AugmentExampleOptions& options);

}  // namespace digits
