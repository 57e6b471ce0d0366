#include "infer/export_source.hpp"

#include "caffe/net_state.hpp"
#include "caffe/prototxt.hpp"
#include "caffe/weights.hpp"

namespace digits {

OnnxSource export_source_of(const Net& net, const caffe::NetParameter& definition) {
    OnnxSource source;
    source.net = definition;
    for (const auto& name : net.blob_names()) source.shapes[name] = net.find_blob(name)->shape();
    const auto values = net.to_proto();
    for (auto& layer : *source.net.mutable_layer()) {
        layer.clear_blobs();
        for (const auto& one : values.layer())
            if (one.name() == layer.name()) *layer.mutable_blobs() = one.blobs();
    }
    return source;
}

Result<OnnxSource> export_source_of_files(const std::filesystem::path& network, const std::filesystem::path& weights) {
    DIGITS_ASSIGN(auto definition, read_net_file(network));
    NetOptions options;
    options.state.set_phase(caffe::TEST);
    options.state.add_stage("deploy");
    options.base_dir = network.parent_path();
    DIGITS_ASSIGN(definition, filter_net(definition, options.state));
    for (auto& layer : *definition.mutable_layer()) {
        if (layer.type() != "Input") continue;
        for (auto& shape : *layer.mutable_input_param()->mutable_shape())
            if (shape.dim_size() > 0) shape.set_dim(0, 1);
    }
    DIGITS_ASSIGN(const auto net, Net::create(definition, options));
    DIGITS_ASSIGN(const auto values, read_weights(weights));
    DIGITS_ASSIGN([[maybe_unused]] const auto ignored, net->copy_weights(values));
    auto source = export_source_of(*net, definition);
    if (net->inputs().empty()) return fail(ErrorCode::kInvalidArgument, "expected an Input layer, got none");
    const auto& shape = source.shapes[net->inputs().front()];
    source.input.image.assign(shape.begin() + 1, shape.end());
    return source;
}

}  // namespace digits
