#include "engine/net/describe.hpp"

#include <algorithm>

#include "caffe/net_state.hpp"
#include "engine/guard.hpp"
#include "engine/memory/memory.hpp"
#include "engine/net/flops.hpp"
#include "engine/net/net.hpp"

namespace digits {
namespace {

/// The values of the weights do not matter here, and a constant filler is the fastest.
void without_fillers(caffe::NetParameter& net) {
    for (auto& layer : *net.mutable_layer()) {
        if (layer.has_convolution_param()) layer.mutable_convolution_param()->clear_weight_filler();
        if (layer.has_inner_product_param()) layer.mutable_inner_product_param()->clear_weight_filler();
    }
}

LayerDescription describe_layer(const Net& net, const caffe::LayerParameter& definition, double batch_size) {
    LayerDescription found;
    found.name = definition.name();
    found.type = definition.type();
    found.bottoms.assign(definition.bottom().begin(), definition.bottom().end());
    found.tops.assign(definition.top().begin(), definition.top().end());
    for (const auto* names : {&found.bottoms, &found.tops})
        for (const auto& name : *names)
            if (const auto* blob = net.find_blob(name)) found.shapes[name] = blob->shape();
    const bool training = net.phase() == caffe::TRAIN;
    std::int64_t values = 0;
    for (const auto& name : found.tops)
        if (std::ranges::find(found.bottoms, name) == found.bottoms.end())
            values += (training ? 2 : 1) * element_count(found.shapes[name]);
    if (auto* layer = net.find_layer(found.name)) {
        for (const auto& blob : layer->blobs()) found.parameters += blob->count();
        found.flops = layer_flops(net, *layer) / batch_size;
    }
    found.memory_bytes = (values + (training ? 3 : 1) * found.parameters) * static_cast<std::int64_t>(sizeof(float));
    return found;
}

/// The images that go through at once: the first axis of the first input.
std::int64_t batch_size_of(const Net& net) {
    if (net.inputs().empty()) return 1;
    const auto& shape = net.find_blob(net.inputs().front())->shape();
    return shape.empty() ? 1 : std::max<std::int64_t>(1, shape[0]);
}

}  // namespace

std::int64_t training_bytes(const NetDescription& train, const NetDescription* val) {
    if (!val) return train.memory_bytes;
    return train.memory_bytes + val->memory_bytes - val->parameters * static_cast<std::int64_t>(sizeof(float));
}

Result<NetDescription> describe_net(const caffe::NetParameter& whole, const caffe::NetState& state,
                                    const PictureInputs& inputs, const std::filesystem::path& base_dir) {
    DIGITS_ASSIGN(const auto filtered, filter_net(whole, state));
    auto definition = with_input_layers(filtered, inputs);
    without_fillers(definition);
    NetOptions options;
    options.state = state;
    options.base_dir = base_dir;
    DIGITS_ASSIGN(const auto net, Net::create(definition, options));
    NetDescription found;
    DIGITS_TRY(guarded([&] {
        found.batch_size = batch_size_of(*net);
        const auto batch = static_cast<double>(found.batch_size);
        for (const auto& layer : filtered.layer()) found.layers.push_back(describe_layer(*net, layer, batch));
        for (const auto& parameter : net->learnable_parameters()) found.parameters += parameter.blob->count();
        const auto flops = count_flops(*net);
        found.forward_flops = flops.forward / batch;
        found.backward_flops = flops.backward / batch;
        found.memory_bytes = estimate_memory(*net);
    }));
    return found;
}

}  // namespace digits
