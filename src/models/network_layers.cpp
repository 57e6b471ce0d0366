#include "models/network_layers.hpp"

#include <nlohmann/json.hpp>
#include <vector>

#include "caffe/net_state.hpp"
#include "caffe/prototxt.hpp"
#include "caffe/stages.hpp"
#include "caffe/upgrade.hpp"

namespace digits {

using nlohmann::json;

Result<json> network_layers(std::string_view text) {
    DIGITS_ASSIGN(auto net, parse_net_text(text, "network"));
    DIGITS_TRY(upgrade_net(net));
    constexpr std::pair<caffe::Phase, const char*> kStages[]{
        {caffe::TRAIN, "train"}, {caffe::TEST, "val"}, {caffe::TEST, "deploy"}};
    auto networks = json::object();
    for (const auto& [phase, stage] : kStages) {
        auto layers = json::array();
        for (const auto& layer : net.layer()) {
            if (!is_included(layer, state_of(phase, stage))) continue;
            layers.push_back({{"name", layer.name()},
                              {"type", layer.type()},
                              {"bottoms", std::vector<std::string>(layer.bottom().begin(), layer.bottom().end())},
                              {"tops", std::vector<std::string>(layer.top().begin(), layer.top().end())},
                              {"shapes", json::object()}});
        }
        networks[stage] = {{"layers", std::move(layers)}};
    }
    return networks;
}

}  // namespace digits
