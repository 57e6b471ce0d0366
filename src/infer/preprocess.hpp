#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"
#include "data/records/mean.hpp"
#include "image/image.hpp"
#include "image/resize.hpp"

namespace digits {

/// From a picture to the numbers that a classification network gets, as DIGITS prepares them: the dataset's channels
/// and size, then (with a crop) squashed to the network's input, planes B G R of 0..255, less the mean.
struct Preprocessing {
    int dataset_width = 0, dataset_height = 0;
    int channels = 3;
    ResizeMode resize = ResizeMode::kSquash;
    int width = 0, height = 0;       ///< of the network's input
    std::optional<MeanBlob> mean;    ///< a whole image; of any size, fitted to the input's
    std::vector<float> mean_values;  ///< one, or one a channel, in B G R order
    bool is_rgb = false;             ///< planes R G B instead: the network learned from an HDF5 dataset

    /// Writes channels × height × width floats.
    void apply(const Image& picture, float* out) const;
};

/// A mean stretched to another size, bilinear.
MeanBlob resize_mean(const MeanBlob& mean, int width, int height);

/// Whether a training reads HDF5 files, whose planes are R G B.
bool reads_rgb(const caffe::NetParameter& train_val);

/// The mean that a training subtracts: `transform_param` of the network's first layer for `phase`.
/// A mean file that is gone from its place is looked for by its name in `dataset_dir`, since a data folder may be
/// moved. Errors: kNotFound, kDataLoss of the mean file, relative to `folder`; kInvalidArgument for another channel
/// count.
Status take_mean(const caffe::NetParameter& train_val, const std::filesystem::path& folder,
                 const std::filesystem::path& dataset_dir, Preprocessing& preprocessing);

}  // namespace digits
