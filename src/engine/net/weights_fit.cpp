#include "engine/net/weights_fit.hpp"

#include <map>
#include <set>

#include "caffe/weights.hpp"
#include "engine/net/net.hpp"

namespace digits {
namespace {

std::int64_t outputs_of(const caffe::LayerParameter& layer) {
    if (layer.type() == "InnerProduct") return layer.inner_product_param().num_output();
    if (layer.type() == "Convolution") return layer.convolution_param().num_output();
    return 0;
}

/// Reports sizes that the file contradicts before anything of that size is allocated.
Status check_outputs(const caffe::NetParameter& deploy,
                     const std::map<std::string, const caffe::LayerParameter*>& stored) {
    constexpr std::int64_t kMostOutputs = 1'000'000;
    for (const auto& layer : deploy.layer()) {
        const auto wanted = outputs_of(layer);
        const auto found = stored.find(layer.name());
        // HDF5 files store a shared weight only in the layer that owns it.
        if (found == stored.end() || found->second->blobs_size() == 0 || found->second->blobs(0).ByteSizeLong() == 0) {
            if (wanted > kMostOutputs)
                return fail(ErrorCode::kInvalidArgument, "[{}] num_output is {}; at most {} is allowed", layer.name(),
                            wanted, kMostOutputs);
            continue;
        }
        if (wanted == 0) continue;
        auto shape = blob_shape(found->second->blobs(0));
        // Old files give an inner product as 1 x 1 x outputs x inputs.
        const bool old_product = layer.type() == "InnerProduct" && shape.size() == 4;
        const auto has = shape.empty() ? 0 : shape[old_product ? 2 : 0];
        if (has != wanted && !layer.inner_product_param().transpose())
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "[{}] has {} outputs in the network and {} in the weights", layer.name(), wanted,
                                   has)
                            .advise("Give the network that these weights were trained with"));
    }
    return {};
}

}  // namespace

Result<WeightsFit> fit_weights(const caffe::NetParameter& deploy, const caffe::NetParameter& weights) {
    std::map<std::string, const caffe::LayerParameter*> stored;
    for (const auto& layer : weights.layer())
        if (layer.blobs_size() > 0) stored.emplace(layer.name(), &layer);
    DIGITS_TRY(check_outputs(deploy, stored));
    NetOptions options;
    options.state.set_phase(caffe::TEST);
    DIGITS_ASSIGN(const auto net, Net::create(deploy, options));
    DIGITS_TRY(net->copy_weights(weights));
    WeightsFit fit;
    std::set<std::string> used;
    for (const auto& parameter : net->learnable_parameters()) fit.parameters += parameter.blob->count();
    for (const auto& layer : net->layers()) {
        if (layer->blobs().empty()) continue;
        used.insert(layer->name());
        (stored.contains(layer->name()) ? fit.with_weights : fit.without_weights).push_back(layer->name());
    }
    for (const auto& [name, layer] : stored)
        if (!used.contains(name)) fit.unused.push_back(name);
    return fit;
}

}  // namespace digits
