#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "caffe.pb.h"

namespace digits {

/// What comes in through the data layers that with_input_layers() has replaced.
struct PictureInputs {
    std::array<std::int64_t, 3> picture{};   ///< channels, height, width before a crop
    std::optional<std::int64_t> batch_size;  ///< none: each layer's own
};

/// The net with an Input layer a top in place of each layer that reads pictures from somewhere (Data, HDF5Data,
/// ImageData, WindowData, MemoryData): pictures of the given size, cropped as the layer says, and one label each.
/// Input layers of pictures that are there already get the batch size. `net` is filtered and upgraded.
caffe::NetParameter with_input_layers(const caffe::NetParameter& net, const PictureInputs& inputs);

}  // namespace digits
