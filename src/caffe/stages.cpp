#include "caffe/stages.hpp"

#include <map>
#include <set>

#include "caffe/net_state.hpp"

namespace digits {

caffe::NetState state_of(caffe::Phase phase, const char* stage) {
    caffe::NetState state;
    state.set_phase(phase);
    state.add_stage(stage);
    return state;
}

void clear_rules(caffe::LayerParameter& layer) {
    layer.clear_include();
    layer.clear_exclude();
}

void include_only_in(caffe::LayerParameter& layer, caffe::Phase phase) {
    clear_rules(layer);
    layer.add_include()->set_phase(phase);
}

bool is_data_layer(const caffe::LayerParameter& layer) { return layer.type().find("Data") != std::string::npos; }

Status check_bottoms(const caffe::NetParameter& net, caffe::Phase phase, const char* use) {
    caffe::NetState state;
    state.set_phase(phase);
    std::set<std::string> blobs(net.input().begin(), net.input().end());
    for (const auto& layer : net.layer())
        if (is_included(layer, state)) blobs.insert(layer.top().begin(), layer.top().end());
    for (const auto& layer : net.layer()) {
        if (!is_included(layer, state)) continue;
        for (const auto& bottom : layer.bottom())
            if (!blobs.contains(bottom))
                return fail(make_error(ErrorCode::kInvalidArgument,
                                       "[{}] reads the blob \"{}\", which no layer gives in {}", layer.name(), bottom,
                                       use)
                                .advise("Say with an include rule where the layer belongs"));
    }
    return {};
}

namespace {

/// Types whose tops are curves, or may be: what a Python layer gives is known only to it.
bool gives_numbers_to_show(const caffe::LayerParameter& layer) {
    const auto& type = layer.type();
    return type.ends_with("Loss") || type.ends_with("Metrics") || type == "Accuracy" || type == "Reduction" ||
           type == "Python" || layer.loss_weight_size() > 0;
}

}  // namespace

std::vector<std::string> warn_of_unread_outputs(const caffe::NetParameter& train_val) {
    std::vector<std::string> warnings;
    std::set<std::string> told;
    for (const auto phase : {caffe::TRAIN, caffe::TEST}) {
        caffe::NetState state;
        state.set_phase(phase);
        std::map<std::string, const caffe::LayerParameter*> unread;
        for (const auto& layer : train_val.layer()) {
            if (!is_included(layer, state)) continue;
            for (const auto& bottom : layer.bottom()) unread.erase(bottom);
            if (layer.bottom_size() == 0 || gives_numbers_to_show(layer)) continue;
            for (const auto& top : layer.top()) unread[top] = &layer;
        }
        for (const auto& [blob, layer] : unread)
            if (told.insert(blob).second)
                warnings.push_back(
                    fmt::format("[{}] no layer reads its output \"{}\" in {}: it is computed in vain. Let a layer read "
                                "it, or keep the "
                                "layer for the deployed network with include {{ stage: \"deploy\" }}",
                                layer->name(), blob, phase == caffe::TRAIN ? "training" : "validation"));
    }
    return warnings;
}

}  // namespace digits
