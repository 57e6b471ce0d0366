#include "caffe/splits.hpp"

#include <map>
#include <string>

namespace digits {
namespace {

using TopIndex = std::pair<int, int>;  // layer, top

struct Top {
    int uses = 0;  // readers, and one for a loss weight
    float loss_weight = 0;
    int next_split = 0;  // the split's top that the next reader gets
};

std::string split_layer_name(const std::string& layer, const std::string& blob, int top) {
    return blob + "_" + layer + "_" + std::to_string(top) + "_split";
}

std::string split_top_name(const std::string& layer, const std::string& blob, int top, int k) {
    return split_layer_name(layer, blob, top) + "_" + std::to_string(k);
}

/// Which top each bottom reads, and how often each top is read.
Status count_uses(const caffe::NetParameter& net, std::map<TopIndex, TopIndex>& sources,
                  std::map<TopIndex, Top>& tops) {
    std::map<std::string, TopIndex> last;
    for (int i = 0; i < net.layer_size(); ++i) {
        const auto& layer = net.layer(i);
        for (int j = 0; j < layer.bottom_size(); ++j) {
            const auto found = last.find(layer.bottom(j));
            if (found == last.end())
                return fail(ErrorCode::kInvalidArgument, "[{}] bottom {} \"{}\" is not the top of any layer before",
                            layer.name(), j, layer.bottom(j));
            sources[{i, j}] = found->second;
            ++tops[found->second].uses;
        }
        for (int j = 0; j < layer.top_size(); ++j) last[layer.top(j)] = {i, j};
        for (int j = 0; j < std::min(layer.loss_weight_size(), layer.top_size()); ++j) {
            Top& top = tops[last[layer.top(j)]];
            top.loss_weight = layer.loss_weight(j);
            if (top.loss_weight != 0) ++top.uses;
        }
    }
    return {};
}

caffe::LayerParameter split_layer(const caffe::LayerParameter& producer, int index, const Top& top) {
    const std::string& blob = producer.top(index);
    caffe::LayerParameter split;
    split.set_name(split_layer_name(producer.name(), blob, index));
    split.set_type("Split");
    split.add_bottom(blob);
    for (int k = 0; k < top.uses; ++k) {
        split.add_top(split_top_name(producer.name(), blob, index, k));
        if (top.loss_weight != 0) split.add_loss_weight(k == 0 ? top.loss_weight : 0);
    }
    return split;
}

}  // namespace

Result<caffe::NetParameter> insert_splits(const caffe::NetParameter& net) {
    std::map<TopIndex, TopIndex> sources;
    std::map<TopIndex, Top> tops;
    DIGITS_TRY(count_uses(net, sources, tops));
    caffe::NetParameter result = net;
    result.clear_layer();
    for (int i = 0; i < net.layer_size(); ++i) {
        caffe::LayerParameter& layer = *result.add_layer();
        layer = net.layer(i);
        for (int j = 0; j < layer.bottom_size(); ++j) {
            const TopIndex source = sources[{i, j}];
            Top& top = tops[source];
            if (top.uses < 2) continue;
            layer.set_bottom(
                j, split_top_name(net.layer(source.first).name(), layer.bottom(j), source.second, top.next_split++));
        }
        std::vector<caffe::LayerParameter> splits;
        for (int j = 0; j < layer.top_size(); ++j) {
            Top& top = tops[{i, j}];
            if (top.uses < 2) continue;
            splits.push_back(split_layer(net.layer(i), j, top));
            if (top.loss_weight == 0) continue;
            // The weight moves to the split's first top, which no reader gets.
            layer.clear_loss_weight();
            ++top.next_split;
        }
        for (auto& split : splits) *result.add_layer() = std::move(split);
    }
    return result;
}

}  // namespace digits
