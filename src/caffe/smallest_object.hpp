#pragma once

#include <optional>
#include <string>

#include "caffe.pb.h"

namespace digits {

/// The layer of a network for boxes that cannot match smaller ones.
struct SmallestObject {
    double side_px = 0;  ///< the shorter side, in pixels of the network's input
    std::string layer;
};

/// What a layer of a network for boxes can match: a cell of the finest stride, the box whose coverage fills a cell of
/// DetectNet's grid, SSD's smallest prior box. None for other layers.
std::optional<double> smallest_object(const caffe::LayerParameter& layer);
/// Of all layers; none where the network is not for boxes.
std::optional<SmallestObject> smallest_object(const caffe::NetParameter& net);

}  // namespace digits
