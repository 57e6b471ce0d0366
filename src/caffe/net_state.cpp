#include "caffe/net_state.hpp"

#include <algorithm>

namespace digits {
namespace {

bool matches(const caffe::NetStateRule& rule, const caffe::NetState& state) {
    const auto has_stage = [&](const std::string& stage) {
        return std::find(state.stage().begin(), state.stage().end(), stage) != state.stage().end();
    };
    return (!rule.has_phase() || rule.phase() == state.phase()) &&
           (!rule.has_min_level() || state.level() >= rule.min_level()) &&
           (!rule.has_max_level() || state.level() <= rule.max_level()) &&
           std::all_of(rule.stage().begin(), rule.stage().end(), has_stage) &&
           std::none_of(rule.not_stage().begin(), rule.not_stage().end(), has_stage);
}

}  // namespace

bool is_included(const caffe::LayerParameter& layer, const caffe::NetState& state) {
    const auto matching = [&](const caffe::NetStateRule& rule) { return matches(rule, state); };
    return layer.include_size() > 0 ? std::any_of(layer.include().begin(), layer.include().end(), matching)
                                    : std::none_of(layer.exclude().begin(), layer.exclude().end(), matching);
}

Result<caffe::NetParameter> filter_net(const caffe::NetParameter& net, const caffe::NetState& state) {
    caffe::NetParameter filtered = net;
    filtered.clear_layer();
    *filtered.mutable_state() = state;
    for (const auto& layer : net.layer()) {
        if (layer.include_size() > 0 && layer.exclude_size() > 0)
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "[{}] a layer may have include rules or exclude rules, not both", layer.name()));
        if (is_included(layer, state)) *filtered.add_layer() = layer;
    }
    return filtered;
}

}  // namespace digits
