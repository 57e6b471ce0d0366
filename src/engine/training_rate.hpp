#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.hpp"
#include "caffe.pb.h"
#include "engine/input_net.hpp"

namespace digits {

struct TrainingRate {
    double images_per_s = 0;
    bool measured = false;  ///< by training steps on random pictures; else from the rate of matrix products
    std::int64_t tried_batch_size = 0;
};

/// How fast this machine trains a net now: a few steps on random pictures at one or two batch sizes small enough for
/// about `budget_s` seconds, carried on to `batch_size`. A network of which one picture takes too long is judged by its
/// operations. `net` is upgraded, its training layers count; Python layers are looked for in `base_dir` first. Errors:
/// those of the net.
Result<TrainingRate> measure_training_rate(const caffe::NetParameter& net, const PictureInputs& inputs,
                                           std::int64_t batch_size, std::int64_t classes, int threads, double budget_s,
                                           const std::filesystem::path& base_dir = {});

}  // namespace digits
