#include "imports/onnx_graph_reader.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace digits {
namespace {

constexpr std::size_t kMostName_bytes = 100;
constexpr std::int64_t kMostValues = std::int64_t{1} << 31;  // of a blob

bool ends_in(std::string& name, std::string_view ending) {
    if (name.size() <= ending.size() || !name.ends_with(ending)) return false;
    name.resize(name.size() - ending.size());
    return true;
}

/// Without what exporters add, in characters that a prototxt and a file name take.
std::string clean_name(std::string name) {
    ends_in(name, "_output_0");
    if (const auto colon = name.rfind(':');
        colon != std::string::npos && colon > 0 && name.find_first_not_of("0123456789", colon + 1) == std::string::npos)
        name.resize(colon);
    std::string clean;
    for (const char c : name)
        clean += std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '/' || c == '-' ? c : '_';
    clean.erase(0, clean.find_first_not_of('/'));
    if (clean.size() > kMostName_bytes) clean.resize(kMostName_bytes);
    return clean;
}

/// "conv1" for the tensor "conv1.weight"; empty: it has a name that exporters make up.
std::string owner_of(std::string tensor) {
    if (tensor.find("::") != std::string::npos) return "";
    for (const auto* ending :
         {".weight", "/weight", "_weight", "/kernel:0", "/kernel", ".gamma", "/gamma:0", "_gamma", ".w", "_w"})
        if (ends_in(tensor, ending)) return clean_name(tensor);
    return "";
}

}  // namespace

OnnxGraphReader::OnnxGraphReader(const onnx::ModelProto& model) : graph_(model.graph()) {
    for (const auto& opset : model.opset_import())
        if (opset.domain().empty() || opset.domain() == "ai.onnx") opset_ = static_cast<int>(opset.version());
    for (const auto& tensor : graph_.initializer()) constants_[tensor.name()] = &tensor;
    for (const auto& output : graph_.output()) ++outputs_[output.name()];
    for (const auto& node : graph_.node()) {
        for (const auto& input : node.input()) readers_[input].push_back(&node);
        if (node.op_type() == "Identity" && node.input_size() == 1 && node.output_size() == 1 &&
            outputs_.contains(node.output(0)))
            output_names_[node.input(0)] = node.output(0);
    }
}

OnnxTensor OnnxGraphReader::constant(const std::string& value) const {
    const auto& found = constants_.at(value);
    if (const auto* tensor = std::get_if<OnnxTensor>(&found)) return *tensor;
    return read_tensor(*std::get<const onnx::TensorProto*>(found));
}

const OnnxBlob* OnnxGraphReader::find_blob(const std::string& value) const {
    const auto found = blobs_.find(value);
    return found == blobs_.end() ? nullptr : &found->second;
}

void OnnxGraphReader::set_blob(const std::string& value, OnnxBlob blob) {
    values_of_[blob.name].push_back(value);
    blobs_[value] = std::move(blob);
}

bool OnnxGraphReader::is_read_once(const std::string& blob) const {
    const auto values = values_of_.find(blob);
    return values == values_of_.end() ||
           std::ranges::all_of(values->second, [&](const std::string& value) { return uses(value) <= 1; });
}

const std::vector<const onnx::NodeProto*>& OnnxGraphReader::readers(const std::string& value) const {
    static const std::vector<const onnx::NodeProto*> kNone;
    const auto found = readers_.find(value);
    return found == readers_.end() ? kNone : found->second;
}

int OnnxGraphReader::uses(const std::string& value) const {
    const auto output = outputs_.find(value);
    return static_cast<int>(readers(value).size()) + (output == outputs_.end() ? 0 : output->second);
}

std::string OnnxGraphReader::unused_name(std::string name) {
    if (name.empty()) name = "layer";
    for (int& count = names_[name];;) {
        if (count++ == 0) return name;
        auto numbered = fmt::format("{}_{}", name, count);
        if (names_.contains(numbered)) continue;
        names_[numbered] = 1;
        return numbered;
    }
}

caffe::LayerParameter& OnnxGraphReader::add_layer(const char* type, const std::string& wanted_name,
                                                  const std::vector<std::string>& bottoms) {
    const auto name = unused_name(wanted_name);
    auto& layer = *net_.add_layer();
    layer.set_name(name);
    layer.set_type(type);
    for (const auto& bottom : bottoms) layer.add_bottom(bottom);
    layer.add_top(name);
    layers_[name] = net_.layer_size() - 1;
    return layer;
}

caffe::LayerParameter* OnnxGraphReader::layer_of(const std::string& blob) {
    const auto found = layers_.find(blob);
    return found == layers_.end() ? nullptr : net_.mutable_layer(found->second);
}

std::string OnnxGraphReader::name_for(const onnx::NodeProto& node, const std::string& weights) const {
    if (auto owner = owner_of(weights); !owner.empty()) return owner;
    auto name = node.output_size() > 0 ? node.output(0) : node.name();
    if (const auto output = output_names_.find(name); output != output_names_.end()) name = output->second;
    name = clean_name(std::move(name));
    if (!name.empty() && name.find_first_not_of("0123456789") != std::string::npos) return name;
    std::string type = node.op_type();
    std::ranges::transform(type, type.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return name.empty() ? type : type + "_" + name;
}

void add_weights(caffe::LayerParameter& layer, const Sizes& shape, const std::vector<float>& values) {
    auto& blob = *layer.add_blobs();
    blob.mutable_shape();
    for (const auto dim : shape) blob.mutable_shape()->add_dim(dim);
    blob.mutable_data()->Add(values.begin(), values.end());
}

const onnx::AttributeProto* OnnxOperator::find(std::string_view name) const {
    const auto found = std::ranges::find(node_.attribute(), name, &onnx::AttributeProto::name);
    return found == node_.attribute().end() ? nullptr : &*found;
}

std::int64_t OnnxOperator::integer(std::string_view name, std::int64_t otherwise) const {
    const auto* attribute = find(name);
    return attribute && attribute->has_i() ? attribute->i() : otherwise;
}

float OnnxOperator::number(std::string_view name, float otherwise) const {
    const auto* attribute = find(name);
    return attribute && attribute->has_f() ? attribute->f() : otherwise;
}

std::string OnnxOperator::text(std::string_view name, const char* otherwise) const {
    const auto* attribute = find(name);
    return attribute && attribute->has_s() ? attribute->s() : otherwise;
}

std::optional<Sizes> OnnxOperator::integers(std::string_view name) const {
    const auto* attribute = find(name);
    if (!attribute) return std::nullopt;
    return Sizes(attribute->ints().begin(), attribute->ints().end());
}

std::optional<std::vector<float>> OnnxOperator::numbers(std::string_view name) const {
    const auto* attribute = find(name);
    if (!attribute) return std::nullopt;
    return std::vector<float>(attribute->floats().begin(), attribute->floats().end());
}

OnnxTensor OnnxOperator::constant(int i) const {
    if (!has(i)) throw fault("it has no input {}", i);
    if (!is_constant(i)) throw fault("its input {} is computed, where Digits needs a constant", i);
    return graph_.constant(node_.input(i));
}

std::optional<Sizes> OnnxOperator::sizes(std::string_view attribute, int i) const {
    if (has(i)) {
        auto tensor = constant(i);
        if (!tensor.is_integer) throw fault("its input {} has no whole numbers", i);
        return std::move(tensor.integers);
    }
    return integers(attribute);
}

const OnnxBlob& OnnxOperator::padded(int i) const {
    if (!has(i)) throw fault("it has no input {}", i);
    const auto* blob = graph_.find_blob(node_.input(i));
    if (!blob) throw fault("its input {} is a constant", i);
    return *blob;
}

const OnnxBlob& OnnxOperator::blob(int i) const {
    const auto& blob = padded(i);
    if (!blob.pads.empty()) throw fault("padding before it is only covered before convolutions and poolings");
    return blob;
}

caffe::LayerParameter* OnnxOperator::sole_maker(int i, const char* type) const {
    const auto& name = blob(i).name;
    auto* layer = graph_.layer_of(name);
    return layer && layer->type() == type && graph_.is_read_once(name) ? layer : nullptr;
}

caffe::LayerParameter& OnnxOperator::layer(const char* type, const std::vector<std::string>& bottoms,
                                           int weights) const {
    return graph_.add_layer(type, graph_.name_for(node_, weights >= 0 && has(weights) ? node_.input(weights) : ""),
                            bottoms);
}

void OnnxOperator::give(std::string blob, Sizes shape, int i) const {
    std::int64_t count = 1;
    for (const auto dim : shape) {
        if (dim < 1 || dim > kMostValues || (count *= dim) > kMostValues)
            throw fault("its output would be empty, or have more than {} values", kMostValues);
    }
    if (i < node_.output_size()) graph_.set_blob(node_.output(i), {std::move(blob), std::move(shape), {}});
}

void OnnxOperator::pass_on() const { graph_.set_blob(node_.output(0), OnnxBlob(padded(0))); }

std::int64_t canonical_axis(std::int64_t axis, std::size_t axes) {
    const auto count = static_cast<std::int64_t>(axes);
    if (axis < -count || axis >= count) throw fault("axis {} lies outside {} axes", axis, count);
    return axis < 0 ? axis + count : axis;
}

void refuse_batch_axis(std::int64_t axis) {
    if (axis == 0) throw fault("it mixes the images of a batch");
}

std::string reshape_blob(const OnnxOperator& op, const std::string& blob, const Sizes& from, const Sizes& to) {
    if (from == to) return blob;
    if (to.empty() || count_of(from) != count_of(to))
        throw fault("it makes {} values of {}", count_of(to), count_of(from));
    auto& layer = op.layer("Reshape", {blob});
    auto& shape = *layer.mutable_reshape_param()->mutable_shape();
    shape.add_dim(!from.empty() && from[0] == to[0] ? 0 : -1);
    for (std::size_t i = 1; i < to.size(); ++i) shape.add_dim(to[i]);
    return layer.top(0);
}

std::string cut_blob(const OnnxOperator& op, const std::string& blob, Sizes& shape, std::int64_t axis,
                     std::int64_t begin, std::int64_t end) {
    refuse_batch_axis(axis);
    auto& size = shape.at(static_cast<std::size_t>(axis));
    if (begin < 0 || end > size || begin >= end) throw fault("it takes {} to {} of {}", begin, end, size);
    if (begin == 0 && end == size) return blob;
    auto& layer = op.layer("Slice", {blob});
    layer.mutable_slice_param()->set_axis(static_cast<std::int32_t>(axis));
    const auto name = layer.top(0);
    layer.clear_top();
    std::vector<std::string> rest;
    if (begin > 0) {
        layer.mutable_slice_param()->add_slice_point(static_cast<std::uint32_t>(begin));
        layer.add_top(rest.emplace_back(op.graph().reserve(name + "/before")));
    }
    layer.add_top(name);
    if (end < size) {
        layer.mutable_slice_param()->add_slice_point(static_cast<std::uint32_t>(end));
        layer.add_top(rest.emplace_back(op.graph().reserve(name + "/after")));
    }
    auto& silence = op.graph().add_layer("Silence", name + "/unused", rest);
    silence.clear_top();
    size = end - begin;
    return name;
}

}  // namespace digits
