#include "caffe/layer_rules.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "caffe/net_state.hpp"
#include "caffe/stages.hpp"
#include "caffe/text_outline.hpp"

namespace digits {
namespace {

using caffe::LayerParameter;

constexpr std::array<std::string_view, 13> kTypesWithWeights{
    "BatchNorm", "Bias",  "Convolution", "Deconvolution", "Embed", "InnerProduct", "LSTM",
    "Normalize", "PReLU", "Parameter",   "Python",        "RNN",   "Scale"};

constexpr std::array<std::pair<caffe::Phase, const char*>, 3> kNetworks{
    {{caffe::TRAIN, "train"}, {caffe::TEST, "val"}, {caffe::TEST, "deploy"}}};

/// A layer among those of its name, as the text and the upgraded network both count them.
using Place = std::pair<std::string, int>;

/// Lines of the text's layers. An upgrade adds and removes Input layers only.
std::map<Place, int> lines_of(std::string_view text) {
    std::map<Place, int> lines;
    std::map<std::string, int> seen;
    const auto outline = outline_text(text);
    for (const auto* layer : layers_of(outline)) {
        if (layer_type(*layer) == "Input") continue;
        const std::string name(layer_name(*layer));
        lines[{name, seen[name]++}] = layer->line;
    }
    return lines;
}

std::string places(std::optional<int> first, std::optional<int> second) {
    return first && second ? fmt::format(" (lines {} and {})", *first, *second) : std::string();
}

Error same_name(const LayerParameter& layer, std::optional<int> first, std::optional<int> second) {
    if (layer.name().empty())
        return make_error(ErrorCode::kInvalidArgument,
                          "Two layers of one network have no name{}, so that a snapshot cannot keep their weights",
                          places(first, second))
            .advise("Give each layer a name of its own");
    return make_error(ErrorCode::kInvalidArgument,
                      "[{}] Two layers of one network have this name{}, so that a snapshot keeps the weights of only "
                      "one of them",
                      layer.name(), places(first, second))
        .advise("Give each layer a name of its own");
}

/// A layer of a network and its place.
struct Known {
    const LayerParameter* layer = nullptr;
    std::optional<int> line;
};

}  // namespace

bool has_weights(std::string_view type) {
    return std::ranges::find(kTypesWithWeights, type) != kTypesWithWeights.end();
}

bool is_loss_type(std::string_view type) { return type.find("Loss") != std::string_view::npos; }

Result<std::vector<std::string>> check_layer_names(const caffe::NetParameter& net, std::string_view text) {
    std::vector<std::string> warnings;
    const auto lines = lines_of(text);
    for (const auto& [phase, stage] : kNetworks) {
        const auto state = state_of(phase, stage);
        std::map<std::string, int> seen;
        std::map<std::string, Known> known;
        for (const auto& layer : net.layer()) {
            if (layer.type() == "Input") continue;
            const auto line = lines.find({layer.name(), seen[layer.name()]++});
            if (!is_included(layer, state) || is_data_layer(layer)) continue;
            const Known here{&layer, line == lines.end() ? std::nullopt : std::optional(line->second)};
            const auto [before, is_new] = known.try_emplace(layer.name(), here);
            if (is_new) continue;
            const auto& other = before->second;
            if (has_weights(layer.type()) || has_weights(other.layer->type()))
                return fail(same_name(layer, other.line, here.line));
            if (layer.name().empty()) continue;
            warnings.push_back(fmt::format("[{}] This name belongs to two layers of one network{}", layer.name(),
                                           places(other.line, here.line)));
        }
    }
    std::ranges::sort(warnings);
    warnings.erase(std::ranges::unique(warnings).begin(), warnings.end());
    return warnings;
}

Status check_loss(const caffe::NetParameter& train_val) {
    caffe::NetState state;
    state.set_phase(caffe::TRAIN);
    const bool has_loss = std::ranges::any_of(train_val.layer(), [&](const LayerParameter& layer) {
        if (!is_included(layer, state)) return false;
        if (layer.loss_weight_size() == 0) return is_loss_type(layer.type());
        return std::ranges::any_of(layer.loss_weight(), [](float weight) { return weight != 0; });
    });
    if (has_loss) return {};
    return fail(make_error(ErrorCode::kInvalidArgument, "The network to train has no loss, so that it learns nothing")
                    .advise("Add a loss layer, for example SoftmaxWithLoss, or set loss_weight on an output"));
}

std::vector<std::string> unused_stages(const caffe::NetParameter& net) {
    const auto is_known = [](const std::string& stage) {
        return std::ranges::any_of(kNetworks, [&](const auto& one) { return stage == one.second; });
    };
    std::vector<std::string> warnings;
    for (const auto& layer : net.layer()) {
        std::optional<std::string> unknown;
        for (const auto* rules : {&layer.include(), &layer.exclude()})
            for (const auto& rule : *rules)
                for (const auto* stages : {&rule.stage(), &rule.not_stage()})
                    for (const auto& stage : *stages)
                        if (!is_known(stage) && !unknown) unknown = stage;
        const bool used = std::ranges::any_of(
            kNetworks, [&](const auto& one) { return is_included(layer, state_of(one.first, one.second)); });
        if (unknown)
            warnings.push_back(
                fmt::format("[{}] No network has the stage \"{}\"{}. The stages are train, val and deploy",
                            layer.name(), *unknown, used ? "" : ", so that the layer is left out"));
        else if (!used)
            warnings.push_back(fmt::format(
                "[{}] The layer is left out: its rules fit neither training, validation nor deploy", layer.name()));
    }
    return warnings;
}

}  // namespace digits
