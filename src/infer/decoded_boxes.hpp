#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "caffe.pb.h"
#include "infer/predictor.hpp"

namespace digits {

/// The DetectionDecode layer of a network; null: it has none.
const caffe::LayerParameter* decoding_layer(const caffe::NetParameter& net);

/// `{"score_threshold", "nms_threshold", "keep_top_k", "nms_top_k"}` of such a layer.
nlohmann::json detection_thresholds(const caffe::LayerParameter& decode);

/// What a detector's boxes are chosen from, as exports write it.
struct DecodedBoxes {
    std::vector<float> scores;  ///< N x cells x classes, from 0 to 1
    std::vector<float> boxes;   ///< N x cells x 4: left, top, right, bottom in pixels of the network's input
};

/// Of the last run, by the engine's own blobs and arithmetic; no value where they are not what the layer takes.
std::optional<DecodedBoxes> decode_boxes(const caffe::LayerParameter& decode, const Predictor& predictor);

}  // namespace digits
