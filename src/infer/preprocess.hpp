#pragma once

#include <filesystem>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"
#include "feed/transformer.hpp"
#include "image/image.hpp"
#include "image/resize.hpp"
#include "tasks/asked_image.hpp"

namespace digits {

/// From an image to the numbers that a network gets: the dataset's channels and size, as when a dataset is made, then
/// what the validation does to its records.
struct Preprocessing {
    int dataset_width = 0, dataset_height = 0;
    int channels = 3;
    ResizeMode resize = ResizeMode::kSquash;
    Transformer transformer;                   ///< of images of the dataset's size
    caffe::TransformationParameter transform;  ///< what it was made from
    bool is_rgb = false;  ///< planes R G B instead of B G R: the network learned from an HDF5 dataset

    /// Writes the floats of one input of the network: planes of `transformer`'s size.
    void apply(const Image& image, float* out) const;
    /// The image at the dataset's size, as planes of 0 to 255: R, G, B or one.
    std::vector<float> planes(const Image& image) const;
    /// What apply() makes of such planes.
    void apply_planes(const float* planes, float* out) const;
    /// Where an image of this size is in the network's input.
    AskedImage place(int width, int height) const;
    /// The same of an image that keeps its size: neither resized nor cropped, and the mean of each channel for a mean
    /// image.
    Result<std::vector<float>> apply_whole(const Image& image) const;
};

/// What the network's data layer does, for images in use. A mean file that is gone from its place is looked for by its
/// name in `dataset_dir`, since a data folder may be moved. Errors: those of Transformer::create.
Status take_transform(const caffe::NetParameter& train_val, const std::filesystem::path& folder,
                      const std::filesystem::path& dataset_dir, Preprocessing& preprocessing);

}  // namespace digits
