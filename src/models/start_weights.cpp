#include "models/start_weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>

#include "caffe/layer_blobs.hpp"

namespace digits {
namespace {

using caffe::LayerParameter;
/// Of images in a batch: statistics of fewer are not an estimate of those of all.
constexpr std::int64_t kEnoughForStatistics = 4;

using BlobsOfLayers = std::map<std::string, LayerBlobs>;

bool learns_features(const LayerParameter& layer) {
    return layer.type() == "InnerProduct" || layer.type() == "Convolution" || layer.type() == "Deconvolution";
}

/// As far as the text tells; 0: it does not.
std::int64_t outputs_of(const LayerParameter& layer) {
    if (layer.type() == "InnerProduct") return layer.inner_product_param().num_output();
    return layer.type() == "Convolution" ? layer.convolution_param().num_output() : 0;
}

bool may_take_over(const LayerParameter& layer, const LayerBlobs& stored) {
    const auto outputs = outputs_of(layer);
    return outputs == 0 || stored.outputs == 0 || outputs == stored.outputs;
}

bool transfers(const ModelSpec& spec) { return std::ranges::any_of(spec.weights, &WeightsSpec::transfer); }

/// What files of weights have for the layers of a network; the last file counts, as when they are loaded.
Result<BlobsOfLayers> blobs_for(const ModelSpec& spec, const caffe::NetParameter& net) {
    BlobsOfLayers stored, found;
    for (const auto& one : spec.weights) {
        DIGITS_ASSIGN(const auto own, read_layer_blobs(one.path));
        for (const auto& [name, blobs] : own) stored[name] = blobs;
    }
    for (const auto& layer : net.layer())
        if (const auto blobs = stored.find(layer.name());
            blobs != stored.end() && (!transfers(spec) || may_take_over(layer, blobs->second)))
            found.insert(*blobs);
    return found;
}

bool is_batch_norm(const LayerParameter& layer, const LayerBlobs& blobs) {
    return layer.type() == "BatchNorm" && blobs.count == 3;
}

/// The number of the layer up to which none learns; -1: all do.
int last_frozen(const ModelSpec& spec, const caffe::NetParameter& net) {
    if (spec.solver.freeze_to.empty()) return -1;
    int last = -1;
    for (int i = 0; i < net.layer_size(); ++i)
        if (net.layer(i).name() == spec.solver.freeze_to) last = i;
    return last;
}

/// Gives each parameter of a layer its entry.
google::protobuf::RepeatedPtrField<caffe::ParamSpec>& parameters_of(LayerParameter& layer, const LayerBlobs& blobs) {
    while (layer.param_size() < blobs.count) layer.add_param();
    return *layer.mutable_param();
}

void freeze(LayerParameter& layer, const LayerBlobs& blobs) {
    if (is_batch_norm(layer, blobs)) layer.mutable_batch_norm_param()->set_use_global_stats(true);
    for (auto& parameter : parameters_of(layer, blobs)) parameter.set_lr_mult(0);
}

}  // namespace

Status check_weights_are_there(const ModelSpec& spec) {
    for (std::size_t i = 0; i < spec.weights.size(); ++i) {
        std::error_code ignored;
        if (!std::filesystem::is_regular_file(spec.weights[i].path, ignored))
            return fail(make_error(ErrorCode::kNotFound, "no file {} to take weights from", spec.weights[i].path)
                            .at(fmt::format("/weights/{}", i)));
    }
    return {};
}

Status check_start(const ModelSpec& spec, const caffe::NetParameter& network) {
    const auto& solver = spec.solver;
    if (spec.weights.empty()) {
        if (solver.freeze_percent > 0)
            return fail(make_error(ErrorCode::kInvalidArgument, "Layers can be frozen only with initial weights")
                            .at("/solver/freeze_percent")
                            .advise("Set Freeze at first to 0, or choose a pretrained model"));
        if (!solver.freeze_to.empty())
            return fail(make_error(ErrorCode::kInvalidArgument, "Layers can be frozen only with initial weights")
                            .at("/solver/freeze_to")
                            .advise("Leave Freeze up to layer empty, or choose initial weights"));
        if (solver.trunk_rate != 1)
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "No layer has initial weights, which would learn at a rate of their own")
                            .at("/solver/trunk_rate")
                            .advise("Set Learning rate of initial weights to 1, or choose initial weights"));
    }
    const auto is_named = [&](const auto& layer) { return layer.name() == solver.freeze_to; };
    if (!solver.freeze_to.empty() && std::ranges::none_of(network.layer(), is_named) &&
        std::ranges::none_of(network.layers(), is_named))
        return fail(
            make_error(ErrorCode::kInvalidArgument, "The network has no layer \"{}\" to freeze up to", solver.freeze_to)
                .at("/solver/freeze_to")
                .advise("Choose a layer of the network"));
    return {};
}

Result<std::vector<std::string>> set_rates_of_start(const ModelSpec& spec, const TrainingLength& length,
                                                    caffe::NetParameter& net) {
    const auto& solver = spec.solver;
    std::vector<std::string> warnings;
    const auto until =
        static_cast<std::int64_t>(std::llround(solver.freeze_percent / 100 * static_cast<double>(length.iterations)));
    const bool few_images = transfers(spec) && length.batch_size < kEnoughForStatistics;
    if (until <= 0 && solver.freeze_to.empty() && solver.trunk_rate == 1 && !few_images) return warnings;
    DIGITS_ASSIGN(const auto stored, blobs_for(spec, net));
    const int frozen = last_frozen(spec, net);
    const auto is_new = [&](const auto& layer) { return learns_features(layer) && !stored.contains(layer.name()); };
    const bool something_new = std::ranges::any_of(net.layer(), is_new);
    if (until > 0 && !something_new)
        warnings.emplace_back(
            "All layers have initial weights: none is frozen, because then nothing would learn. Set Freeze at first to "
            "0.");
    int untouched = 0;
    for (int i = 0; i < net.layer_size(); ++i) {
        auto& layer = *net.mutable_layer(i);
        const auto found = stored.find(layer.name());
        if (found == stored.end()) {
            untouched += i <= frozen && learns_features(layer);
            continue;
        }
        const auto& blobs = found->second;
        if (i <= frozen) {
            freeze(layer, blobs);
            continue;
        }
        const bool waits = until > 0 && something_new;
        if (is_batch_norm(layer, blobs)) {
            if (waits || few_images) freeze(layer, blobs);
            continue;
        }
        for (auto& parameter : parameters_of(layer, blobs)) {
            if (waits) parameter.set_frozen_until(until);
            if (solver.trunk_rate != 1)
                parameter.set_lr_mult(static_cast<float>(static_cast<double>(parameter.lr_mult()) * solver.trunk_rate));
        }
    }
    if (untouched > 0)
        warnings.push_back(fmt::format(
            "{} layers up to \"{}\" have no initial weights: they learn, because nothing is known that could be kept.",
            untouched, solver.freeze_to));
    return warnings;
}

}  // namespace digits
