#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "imports/onnx_graph_reader.hpp"

namespace digits {

/// What a network of ONNX takes of an image: (value - mean) / deviation of values of 0 to 255, in this order of
/// channels.
struct OnnxPreparation {
    bool is_bgr = false;
    std::vector<double> mean;       ///< one a channel of the file's order; empty: 0
    std::vector<double> deviation;  ///< likewise; empty: 1
};

/// How Digits prepares an image for the layers that follow.
struct OnnxPreparedInput {
    std::string value;                                 ///< of the graph, that the layers read
    Sizes shape;                                       ///< of that value
    std::int64_t height = 0, width = 0, channels = 0;  ///< of the image
    std::int64_t crop_size = 0;                        ///< of the square cut out of its centre; 0: none
    std::vector<double> mean;                          ///< one a channel in the order of blobs (B, G, R); empty: none
    std::vector<float> mean_image;                     ///< of the image's size, in that order; empty: none
    double scale = 1;                                  ///< after the mean
    std::optional<OnnxInputFold> fold;                 ///< what is left for the first layers
};

/// Takes the operators that prepare the image (order of channels or axes, crop, mean, scale) off the beginning of the
/// graph; `taken` gets them. `size`: height and width where the file leaves them open, else 0. Throws OnnxUncovered.
OnnxPreparedInput read_onnx_input(const onnx::ValueInfoProto& input, const OnnxPreparation& preparation,
                                  const Sizes& size, OnnxGraphReader& graph, std::set<const onnx::NodeProto*>& taken);

}  // namespace digits
