#include "exports/onnx.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include "exports/onnx_graph.hpp"

namespace digits {
namespace {

constexpr std::int64_t kIrVersion = 8, kOpset = 17;
constexpr const char *kInput = "image", *kScores = "scores", *kBoxes = "boxes";

/// Layers that group or suppress boxes in ways that ONNX has no operators for: the graph ends at their bottoms.
bool ends_graph(const caffe::LayerParameter& layer) {
    return layer.type() == "Python" && layer.python_param().layer() == "ClusterDetections";
}

bool decodes_boxes(const caffe::LayerParameter& layer) { return layer.type() == "DetectionDecode"; }

/// Written as scores and boxes in place of its top.
bool is_decoded(const caffe::LayerParameter& layer, const OnnxSource& source) {
    return decodes_boxes(layer) && !source.suppresses_boxes;
}

void describe_value(onnx::ValueInfoProto& value, const std::string& name, const Sizes& shape) {
    value.set_name(name);
    auto& tensor = *value.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(onnx::TensorProto::FLOAT);
    for (std::size_t i = 0; i < shape.size(); ++i) {
        auto& dim = *tensor.mutable_shape()->add_dim();
        if (i == 0)
            dim.set_dim_param("N");
        else
            dim.set_dim_value(shape[i]);
    }
}

/// The network's input from the image.
std::string prepare_input(const InputSteps& steps, const Sizes& input, OnnxGraph& graph) {
    std::string x = kInput;
    if (steps.is_bgr && steps.image.at(0) == 3)
        x = graph.node("Gather", {x, graph.constant("channels", {2, 1, 0})}, "bgr").with("axis", std::int64_t{1});
    if (steps.image.at(1) != input.at(2) || steps.image.at(2) != input.at(3))
        x = graph.node("Slice",
                       {x, graph.constant("crop/starts", {steps.top, steps.left}),
                        graph.constant("crop/ends", {steps.top + input[2], steps.left + input[3]}),
                        graph.constant("crop/axes", {2, 3})},
                       "crop");
    if (steps.scale != 1) x = graph.node("Mul", {x, graph.constant("scale", {}, {steps.scale})}, "scaled");
    if (std::ranges::any_of(steps.offsets, [](float offset) { return offset != 0; })) {
        const bool one_each = static_cast<std::int64_t>(steps.offsets.size()) == input[1];
        x = graph.node(
            "Add",
            {x, graph.constant("mean", one_each ? Sizes{1, input[1], 1, 1} : Sizes{1, input[1], input[2], input[3]},
                               steps.offsets)},
            "normalized");
    }
    return x;
}

/// Names of the blobs that no layer reads, in the order of the layers. Those of the last layers have other names here.
std::vector<std::string> last_blobs(const OnnxSource& source) {
    const auto& net = source.net;
    std::set<std::string> read;
    std::vector<std::string> outputs;
    for (const auto& layer : net.layer())
        if (!ends_graph(layer)) read.insert(layer.bottom().begin(), layer.bottom().end());
    for (const auto& layer : net.layer()) {
        if (is_decoded(layer, source)) {
            for (const auto* name : {kScores, kBoxes}) outputs.emplace_back(name);
            continue;
        }
        if (ends_graph(layer)) continue;
        for (const auto& top : layer.top())
            // Written in place, a blob is read by the layer that writes it.
            if (std::ranges::count(layer.bottom(), top) == 0 && !read.contains(top)) outputs.push_back(top);
    }
    // The last layers may work in place.
    std::set<std::string> known(outputs.begin(), outputs.end());
    for (int i = 0; i < net.layer_size(); ++i)
        for (const auto& top : net.layer(i).top()) {
            if (ends_graph(net.layer(i)) || is_decoded(net.layer(i), source) || known.contains(top)) continue;
            const auto reads = [&](const auto& layer) {
                return !ends_graph(layer) && std::ranges::count(layer.bottom(), top) > 0;
            };
            const bool is_last = std::none_of(net.layer().begin() + i + 1, net.layer().end(), reads);
            const bool in_place = std::ranges::count(net.layer(i).bottom(), top) > 0;
            if (in_place && is_last && known.insert(top).second) outputs.push_back(top);
        }
    return outputs;
}

/// What the end of a detector is written as: scores of each class and edges of each cell.
std::map<std::string, Sizes> decoded_shapes(const OnnxSource& source) {
    for (const auto& layer : source.net.layer()) {
        if (!is_decoded(layer, source)) continue;
        std::int64_t cells = 0, classes = 0;
        for (int i = 0; i < layer.bottom_size(); i += 2) {
            const auto shape = source.shapes.find(layer.bottom(i));
            if (shape == source.shapes.end() || shape->second.size() != 4) return {};
            classes = shape->second[1];
            cells += shape->second[2] * shape->second[3];
        }
        return {{kScores, {1, cells, classes}}, {kBoxes, {1, cells, 4}}};
    }
    return {};
}

}  // namespace

std::vector<OnnxOutput> onnx_outputs(const OnnxSource& source) {
    const auto blobs = last_blobs(source);
    std::set<std::string> taken(blobs.begin(), blobs.end());
    const auto decoded = decoded_shapes(source);
    std::vector<OnnxOutput> outputs;
    for (const auto& blob : blobs) {
        auto name = blob;
        while (name == kInput || (name != blob && !taken.insert(name).second)) name += "_out";
        const bool is_decoded = decoded.contains(blob);
        const auto& shapes = is_decoded ? decoded : source.shapes;
        const auto shape = shapes.find(blob);
        outputs.push_back({name, blob, shape == shapes.end() ? Sizes() : shape->second, is_decoded});
    }
    return outputs;
}

std::vector<std::string> onnx_layer_types() {
    std::vector<std::string> types;
    for (const auto& kind : onnx_layer_kinds()) types.emplace_back(kind.type);
    return types;
}

Result<std::string> write_onnx(const OnnxSource& source) {
    if (source.suppresses_boxes && std::ranges::none_of(source.net.layer(), decodes_boxes))
        return fail(make_error(ErrorCode::kUnsupported,
                               "Non-maximum suppression cannot be written into the file: the network does not end in a "
                               "DetectionDecode layer")
                        .at("/nms")
                        .advise("Export it without non-maximum suppression"));
    onnx::ModelProto model;
    model.set_ir_version(kIrVersion);
    model.set_producer_name("Digits");
    auto& opset = *model.add_opset_import();
    opset.set_domain("");
    opset.set_version(kOpset);
    for (const auto& [key, value] : source.metadata) {
        auto& entry = *model.add_metadata_props();
        entry.set_key(key);
        entry.set_value(value);
    }
    auto& proto = *model.mutable_graph();
    proto.set_name(source.net.name().empty() ? "network" : source.net.name());
    Sizes image{1};
    image.insert(image.end(), source.input.image.begin(), source.input.image.end());
    describe_value(*proto.add_input(), kInput, image);

    OnnxGraph graph(source, proto);
    const auto outputs = onnx_outputs(source);
    graph.reserve(kInput);
    for (const auto& output : outputs) graph.reserve(output.name);
    std::string faults;
    const auto& kinds = onnx_layer_kinds();
    for (const auto& layer : source.net.layer()) {
        if (ends_graph(layer)) continue;
        try {
            if (layer.type() == "Input") {
                for (const auto& top : layer.top())
                    graph.set_value(top, prepare_input(source.input, graph.shape_of(top), graph));
                continue;
            }
            const auto kind = std::ranges::find(kinds, layer.type(), &OnnxLayerKind::type);
            if (kind == kinds.end())
                throw OnnxFault{"ONNX's standard operators, as Digits writes them, lack this type"};
            kind->write(layer, graph);
        } catch (const OnnxFault& fault) {
            faults +=
                fmt::format("{}[{}] {}: {}", faults.empty() ? "" : "; ", layer.name(), layer.type(), fault.reason);
            // What follows from it is not a fault of its own.
            for (const auto& top : layer.top()) graph.set_value(top, kInput);
        } catch (const std::out_of_range&) {
            faults += fmt::format("{}[{}] {}: its bottom has too few axes", faults.empty() ? "" : "; ", layer.name(),
                                  layer.type());
            for (const auto& top : layer.top()) graph.set_value(top, kInput);
        }
    }
    if (!faults.empty())
        return fail(make_error(ErrorCode::kUnsupported, "The network cannot be written as ONNX: {}", faults)
                        .advise("Export it as Caffe or safetensors, or change these layers"));
    for (const auto& output : outputs) {
        graph.give_out(output.blob, output.name);
        describe_value(*proto.add_output(), output.name, output.shape);
    }
    std::string bytes;
    if (!model.SerializeToString(&bytes))
        return fail(ErrorCode::kTooLarge, "The model has more than the 2 GB that an ONNX file can hold");
    return bytes;
}

}  // namespace digits
