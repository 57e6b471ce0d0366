#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "caffe.pb.h"
#include "imports/onnx_tensor.hpp"

namespace digits {

/// Why an operator cannot become layers.
struct OnnxUncovered {
    std::string reason;
};
/// Thrown by the operators' functions: `throw fault("…")`.
template <class... Args>
OnnxUncovered fault(fmt::format_string<Args...> format, Args&&... args) {
    return {fmt::format(format, std::forward<Args>(args)...)};
}

/// A value of the graph that a blob holds. The first axis is the batch (or rows of it): no layer mixes its elements.
struct OnnxBlob {
    std::string name;
    Sizes shape;
    /// Zeros that a Pad operator adds and the next layer is to take: those before each axis, then those after. `shape`
    /// is without them. Empty: none.
    Sizes pads;
};

/// What the first convolution takes over from the preparation of images: it reads channel `order[c]` times `factor[c]`
/// in place of channel c.
struct OnnxInputFold {
    std::vector<int> order;
    std::vector<float> factor;
};

/// A graph of ONNX on its way to a network of Caffe: what its values are by now, and the layers made so far.
class OnnxGraphReader {
  public:
    explicit OnnxGraphReader(const onnx::ModelProto& model);

    int opset() const { return opset_; }
    const onnx::GraphProto& graph() const { return graph_; }

    // Values.
    bool is_constant(const std::string& value) const { return constants_.contains(value); }
    OnnxTensor constant(const std::string& value) const;
    void set_constant(const std::string& value, OnnxTensor tensor) { constants_[value] = std::move(tensor); }
    const OnnxBlob* find_blob(const std::string& value) const;
    void set_blob(const std::string& value, OnnxBlob blob);
    /// How many operators and outputs read a value.
    int uses(const std::string& value) const;
    /// Whether one reader at most sees a blob, under whichever names of values.
    bool is_read_once(const std::string& blob) const;
    const std::vector<const onnx::NodeProto*>& readers(const std::string& value) const;

    // Layers, with their weights as `blobs`.
    caffe::LayerParameter& add_layer(const char* type, const std::string& wanted_name,
                                     const std::vector<std::string>& bottoms);
    /// The layer that wrote a blob; null for the input.
    caffe::LayerParameter* layer_of(const std::string& blob);
    caffe::NetParameter& net() { return net_; }
    /// A readable name that no layer has: of the tensor of weights, else of the operator's output, as the output of the
    /// graph that it becomes.
    std::string name_for(const onnx::NodeProto& node, const std::string& weights) const;
    /// A name like the wanted one that nothing else gets.
    std::string reserve(const std::string& wanted) { return unused_name(wanted); }

    std::optional<OnnxInputFold> fold;  ///< of the values that come from the input

  private:
    std::string unused_name(std::string name);

    const onnx::GraphProto& graph_;
    int opset_ = 0;
    std::map<std::string, std::variant<const onnx::TensorProto*, OnnxTensor>> constants_;
    std::map<std::string, OnnxBlob> blobs_;
    std::map<std::string, std::vector<std::string>> values_of_;  ///< by the names of blobs
    std::map<std::string, std::vector<const onnx::NodeProto*>> readers_;
    std::map<std::string, int> outputs_;
    std::map<std::string, std::string> output_names_;  ///< of values that an Identity makes an output of the graph
    caffe::NetParameter net_;
    std::map<std::string, int> layers_;  ///< by the blob that they write
    std::map<std::string, int> names_;
};

inline constexpr const char* kOnnxInputBlob = "data";

/// Values of a parameter of a layer.
void add_weights(caffe::LayerParameter& layer, const Sizes& shape, const std::vector<float>& values);

/// One operator with its attributes and inputs.
class OnnxOperator {
  public:
    OnnxOperator(const onnx::NodeProto& node, OnnxGraphReader& graph) : node_(node), graph_(graph) {}

    const std::string& type() const { return node_.op_type(); }
    int opset() const { return graph_.opset(); }
    OnnxGraphReader& graph() const { return graph_; }
    const onnx::NodeProto& node() const { return node_; }

    std::int64_t integer(std::string_view name, std::int64_t otherwise) const;
    float number(std::string_view name, float otherwise) const;
    std::string text(std::string_view name, const char* otherwise) const;
    std::optional<Sizes> integers(std::string_view name) const;
    std::optional<std::vector<float>> numbers(std::string_view name) const;
    const onnx::AttributeProto* find(std::string_view name) const;

    int inputs() const { return node_.input_size(); }
    int outputs() const { return node_.output_size(); }
    bool has(int i) const { return i < node_.input_size() && !node_.input(i).empty(); }
    bool is_constant(int i) const { return has(i) && graph_.is_constant(node_.input(i)); }
    OnnxTensor constant(int i) const;
    /// Whole numbers that are an attribute in old opsets and an input in new ones.
    std::optional<Sizes> sizes(std::string_view attribute, int i) const;
    /// Throws where zeros are still to be added.
    const OnnxBlob& blob(int i = 0) const;
    const OnnxBlob& padded(int i = 0) const;
    /// The layer that made an input, if nobody else reads that; else null.
    caffe::LayerParameter* sole_maker(int i, const char* type) const;

    /// A layer named after the tensor of weights that is input `weights`, or after the output.
    caffe::LayerParameter& layer(const char* type, const std::vector<std::string>& bottoms, int weights = -1) const;
    void give(std::string blob, Sizes shape, int i = 0) const;
    /// The output of a layer of one top becomes the operator's.
    void give(const caffe::LayerParameter& layer, Sizes shape, int i = 0) const {
        give(layer.top(0), std::move(shape), i);
    }
    /// The input itself is the output.
    void pass_on() const;

  private:
    const onnx::NodeProto& node_;
    OnnxGraphReader& graph_;
};

/// An axis from the front; throws where it lies outside.
std::int64_t canonical_axis(std::int64_t axis, std::size_t axes);
/// Throws when an operator works along the batch.
void refuse_batch_axis(std::int64_t axis);

/// A reshape to a shape of as many values; the first axis follows the batch.
std::string reshape_blob(const OnnxOperator& op, const std::string& blob, const Sizes& from, const Sizes& to);
/// A part of a blob along an axis.
std::string cut_blob(const OnnxOperator& op, const std::string& blob, Sizes& shape, std::int64_t axis,
                     std::int64_t begin, std::int64_t end);

}  // namespace digits
