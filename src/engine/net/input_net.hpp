#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "caffe.pb.h"

namespace digits {

/// The inputs of the data layers that with_input_layers() replaces.
struct ImageInputs {
    std::array<std::int64_t, 3> image{};     ///< channels, height, width before a crop
    std::optional<std::int64_t> batch_size;  ///< none: each layer's own
    std::int64_t classes = 0;                ///< of the labels; 0: not known
    std::int64_t target_size = 0;            ///< how many numbers a target has; 0: a label is one class number
};

/// Whether a layer reads targets alone: DIGITS's generic networks have one named so beside that of the images.
bool reads_targets(const caffe::LayerParameter& layer);

/// The net with one Input layer per top instead of each layer that reads images (Data, HDF5Data,
/// ImageData, WindowData, MemoryData): images of the given size, cropped as the layer says, and one label or
/// target each.
/// Existing Input layers of images get the batch size. `net` is filtered and upgraded.
caffe::NetParameter with_input_layers(const caffe::NetParameter& net, const ImageInputs& inputs);

}  // namespace digits
