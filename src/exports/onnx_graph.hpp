#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "exports/onnx.hpp"
#include "onnx.pb.h"

namespace digits {

/// A graph in the making: Caffe's blobs are names whose value a layer may replace, ONNX's values are written once.
class OnnxGraph {
  public:
    OnnxGraph(const OnnxSource& source, onnx::GraphProto& graph) : source_(source), graph_(graph) {}

    /// The value that a blob has now.
    const std::string& value_of(const std::string& blob) const;
    void set_value(const std::string& blob, std::string value) { values_[blob] = std::move(value); }
    bool suppresses_boxes() const { return source_.suppresses_boxes; }
    /// For a batch of one.
    const Sizes& shape_of(const std::string& blob) const;

    /// A constant, named after the layer that uses it.
    std::string constant(const std::string& name, const Sizes& dims, const std::vector<float>& values);
    std::string constant(const std::string& name, const std::vector<std::int64_t>& values);

    /// A node with one output, whose name it returns.
    class Node {
      public:
        Node(onnx::NodeProto& node) : node_(node) {}
        Node& with(std::string_view name, std::int64_t value);
        Node& with(std::string_view name, float value);
        Node& with(std::string_view name, std::string_view value);
        Node& with(std::string_view name, const std::vector<std::int64_t>& values);
        operator std::string() const { return node_.output(0); }
        const std::string& output(int i) const { return node_.output(i); }

      private:
        onnx::AttributeProto& add(std::string_view name, onnx::AttributeProto::AttributeType type);
        onnx::NodeProto& node_;
    };
    Node node(std::string_view type, const std::vector<std::string>& inputs, const std::string& name);
    Node node(std::string_view type, const std::vector<std::string>& inputs, const std::string& name,
              const std::vector<std::string>& outputs);
    /// No node gets this name.
    void reserve(const std::string& name) { ++used_[name]; }
    /// Makes the value of a blob the graph's output `name`, which is reserved.
    void give_out(const std::string& blob, const std::string& name);
    /// `name`, or with a number where it is taken.
    std::string unused(const std::string& name);

  private:
    const OnnxSource& source_;
    onnx::GraphProto& graph_;
    std::map<std::string, std::string> values_;
    std::map<std::string, int> used_;
};

/// A fault of a layer that cannot be written, with the reason.
struct OnnxFault {
    std::string reason;
};

/// How one layer is written; throws OnnxFault.
struct OnnxLayerKind {
    std::string_view type;
    void (*write)(const caffe::LayerParameter& layer, OnnxGraph& graph);
};
const std::vector<OnnxLayerKind>& onnx_layer_kinds();

/// The end of a detector without anchors: `scores` of each class (N x cells x classes) and `boxes` (N x cells x 4:
/// left, top, right, bottom in pixels). With `suppresses_boxes` the top of the layer instead, as the engine computes
/// it.
void write_detection_decode(const caffe::LayerParameter& layer, OnnxGraph& graph);

}  // namespace digits
