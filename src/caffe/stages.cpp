#include "caffe/stages.hpp"

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

}  // namespace digits
