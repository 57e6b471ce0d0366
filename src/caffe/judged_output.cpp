#include "caffe/judged_output.hpp"

#include <algorithm>
#include <set>

#include "caffe/net_state.hpp"
#include "caffe/stages.hpp"

namespace digits {

std::string judged_output(const caffe::NetParameter& train_val, const caffe::NetParameter& deploy) {
    std::set<std::string> judged;
    for (const auto& layer : train_val.layer())
        if (layer.type() == "Accuracy" && layer.bottom_size() > 0 && is_included(layer, state_of(caffe::TEST, "val")))
            judged.insert(layer.bottom(0));

    std::set<std::string> outputs, of_scores;
    const auto is_judged = [&](const std::string& blob) { return judged.contains(blob); };
    for (const auto& layer : deploy.layer()) {
        if (!is_included(layer, state_of(caffe::TEST, "deploy"))) continue;
        for (const auto& bottom : layer.bottom()) outputs.erase(bottom);
        outputs.insert(layer.top().begin(), layer.top().end());
        if (layer.type() == "Softmax" && layer.top_size() > 0 && std::ranges::any_of(layer.bottom(), is_judged))
            of_scores.insert(layer.top(0));
    }
    std::set<std::string> found;
    for (const auto& output : outputs)
        if (is_judged(output) || of_scores.contains(output)) found.insert(output);
    return found.size() == 1 ? *found.begin() : "";
}

}  // namespace digits
