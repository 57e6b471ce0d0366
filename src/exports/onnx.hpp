#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"

namespace digits {

using Sizes = std::vector<std::int64_t>;

/// What makes a network's input of an image, inside the graph: the image's channels turned round, a part of it cut out,
/// and then value · scale + offset.
struct InputSteps {
    Sizes image;          ///< channels, height, width of the images that the graph takes
    bool is_bgr = false;  ///< the network takes B, G, R; the graph R, G, B
    std::int64_t top = 0, left = 0;
    float scale = 1;
    std::vector<float> offsets;  ///< one a channel, or one for each value of the network's input; empty: 0
};

struct OnnxSource {
    /// The network to use, upgraded and filtered, its layers with their values (`blobs`).
    caffe::NetParameter net;
    /// Of each blob, for a batch of one.
    std::map<std::string, Sizes> shapes;
    InputSteps input;
    std::map<std::string, std::string> metadata;
    /// Non-maximum suppression inside the graph, of a network that ends in DetectionDecode.
    bool suppresses_boxes = false;
};

/// Bytes of an ONNX model of opset 17 with a batch of any size. Its input is "image"; its outputs are
/// onnx_outputs(). Where a network ends with layers that find boxes, the graph ends before non-maximum suppression,
/// unless it is asked for. Errors: kUnsupported with the layers that cannot be written, or where no box can be
/// suppressed.
Result<std::string> write_onnx(const OnnxSource& source);

struct OnnxOutput {
    std::string name;  ///< in the file
    std::string blob;  ///< of the network
    Sizes shape;       ///< for a batch of one; empty: not known
    /// What the end of a detector decodes, which is not a blob of the network, though one may have its name.
    bool is_decoded = false;
};

/// The outputs of that graph. They have the names of their blobs; one with the name of the input, "image", is called
/// "image_out".
std::vector<OnnxOutput> onnx_outputs(const OnnxSource& source);

/// Layer types that write_onnx() knows, in alphabetical order.
std::vector<std::string> onnx_layer_types();

}  // namespace digits
