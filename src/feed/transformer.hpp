#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"
#include "data/records/mean.hpp"

namespace digits {

/// Caffe's DataTransformer for records of one size: crop, mirror, mean, scale. Thread-safe once made.
class Transformer {
  public:
    /// `channels`, `height`, `width` are the records'. Errors: kInvalidArgument, and those of the mean file.
    static Result<Transformer> create(const caffe::TransformationParameter& parameter, caffe::Phase phase,
                                      std::uint64_t seed, int channels, int height, int width);

    int channels() const { return channels_; }
    int height() const { return out_height_; }
    int width() const { return out_width_; }

    /// `planes`: a record's samples. `index` counts the records since the start of training; crop place and mirroring
    /// follow from it and the seed.
    void apply(const std::uint8_t* planes, std::uint64_t index, float* out) const;
    void apply(const float* planes, std::uint64_t index, float* out) const;

    struct Choice {
        bool mirror = false;
        int top = 0;
        int left = 0;
    };
    /// Which part of the record `apply` takes; mirrored after the crop.
    Choice choose(std::uint64_t index) const;

  private:
    template <class Sample>
    void apply_any(const Sample* planes, std::uint64_t index, float* out) const;

    int channels_ = 0;
    int height_ = 0;
    int width_ = 0;
    int out_height_ = 0;
    int out_width_ = 0;
    bool random_crop_ = false;
    bool mirror_ = false;
    float scale_ = 1;
    std::uint64_t seed_ = 0;
    std::vector<float> mean_image_;   ///< empty without a mean file
    std::vector<float> mean_values_;  ///< one a channel
};

}  // namespace digits
