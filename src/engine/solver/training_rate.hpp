#pragma once

#include <cstdint>
#include <filesystem>

#include "base/precision.hpp"
#include "base/result.hpp"
#include "caffe.pb.h"
#include "engine/net/input_net.hpp"

namespace digits {

struct TrainingRate {
    double images_per_s = 0;
    bool measured = false;  ///< by training steps on random images; else from the rate of matrix products
    std::int64_t tried_batch_size = 0;
};

struct RateOptions {
    std::int64_t batch_size = 1;
    std::int64_t classes = 10;
    Precision precision = Precision::kFp32;
    int threads = 0;                   ///< 0: all cores
    double budget_s = 1;               ///< about
    std::filesystem::path base_dir{};  ///< Python layers are looked for there first
};

/// How fast this machine, or its first GPU, trains a net now: a few steps on random images at one or two batch sizes
/// small enough for the budget, carried on to `batch_size`. A network of which one image takes too long is judged by
/// its operations. `net` is upgraded, its training layers count. Errors: those of the net and of product_mode().
Result<TrainingRate> measure_training_rate(const caffe::NetParameter& net, const ImageInputs& inputs,
                                           const RateOptions& options);

}  // namespace digits
