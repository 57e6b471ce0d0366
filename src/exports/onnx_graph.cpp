#include "exports/onnx_graph.hpp"

#include <fmt/format.h>

#include <bit>
#include <numeric>

namespace digits {

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

const std::string& OnnxGraph::value_of(const std::string& blob) const {
    const auto found = values_.find(blob);
    if (found == values_.end()) throw OnnxFault{fmt::format("its bottom \"{}\" has no value in the graph", blob)};
    return found->second;
}

const Sizes& OnnxGraph::shape_of(const std::string& blob) const {
    const auto found = source_.shapes.find(blob);
    if (found == source_.shapes.end()) throw OnnxFault{fmt::format("the shape of \"{}\" is not known", blob)};
    return found->second;
}

std::string OnnxGraph::constant(const std::string& name, const Sizes& dims, const std::vector<float>& values) {
    auto& tensor = *graph_.add_initializer();
    tensor.set_name(unused(name));
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    for (const auto dim : dims) tensor.add_dims(dim);
    tensor.set_raw_data(values.data(), values.size() * sizeof(float));
    return tensor.name();
}

std::string OnnxGraph::constant(const std::string& name, const std::vector<std::int64_t>& values) {
    auto& tensor = *graph_.add_initializer();
    tensor.set_name(unused(name));
    tensor.set_data_type(onnx::TensorProto::INT64);
    tensor.add_dims(static_cast<std::int64_t>(values.size()));
    tensor.set_raw_data(values.data(), values.size() * sizeof(std::int64_t));
    return tensor.name();
}

std::string OnnxGraph::unused(const std::string& name) {
    const int count = used_[name]++;
    return count == 0 ? name : unused(fmt::format("{}:{}", name, count));
}

void OnnxGraph::give_out(const std::string& blob, const std::string& name) {
    auto& node = *graph_.add_node();
    node.set_op_type("Identity");
    node.add_input(value_of(blob));
    node.add_output(name);
    node.set_name("output/" + name);
}

OnnxGraph::Node OnnxGraph::node(std::string_view type, const std::vector<std::string>& inputs,
                                const std::string& name) {
    return node(type, inputs, name, {name});
}

OnnxGraph::Node OnnxGraph::node(std::string_view type, const std::vector<std::string>& inputs, const std::string& name,
                                const std::vector<std::string>& outputs) {
    auto& node = *graph_.add_node();
    node.set_op_type(std::string(type));
    for (const auto& input : inputs) node.add_input(input);
    for (const auto& output : outputs) node.add_output(unused(output));
    node.set_name(fmt::format("{}/{}", name, graph_.node_size()));
    return node;
}

onnx::AttributeProto& OnnxGraph::Node::add(std::string_view name, onnx::AttributeProto::AttributeType type) {
    auto& attribute = *node_.add_attribute();
    attribute.set_name(std::string(name));
    attribute.set_type(type);
    return attribute;
}

OnnxGraph::Node& OnnxGraph::Node::with(std::string_view name, std::int64_t value) {
    add(name, onnx::AttributeProto::INT).set_i(value);
    return *this;
}
OnnxGraph::Node& OnnxGraph::Node::with(std::string_view name, float value) {
    add(name, onnx::AttributeProto::FLOAT).set_f(value);
    return *this;
}
OnnxGraph::Node& OnnxGraph::Node::with(std::string_view name, std::string_view value) {
    add(name, onnx::AttributeProto::STRING).set_s(std::string(value));
    return *this;
}
OnnxGraph::Node& OnnxGraph::Node::with(std::string_view name, const std::vector<std::int64_t>& values) {
    auto& attribute = add(name, onnx::AttributeProto::INTS);
    for (const auto value : values) attribute.add_ints(value);
    return *this;
}

}  // namespace digits
