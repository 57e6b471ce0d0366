#include "models/whole_network.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace digits {
namespace {

using caffe::LayerParameter;

bool is_data_layer(const LayerParameter& layer) { return layer.type().find("Data") != std::string::npos; }

bool names_stages(const caffe::NetParameter& net) {
    const auto has_stage = [](const caffe::NetStateRule& rule) {
        return rule.stage_size() > 0 || rule.not_stage_size() > 0;
    };
    return std::ranges::any_of(net.layer(), [&](const LayerParameter& layer) {
        return std::ranges::any_of(layer.include(), has_stage) || std::ranges::any_of(layer.exclude(), has_stage);
    });
}

void only_in(LayerParameter& layer, const char* stage) {
    layer.clear_include();
    layer.clear_exclude();
    layer.add_include()->add_stage(stage);
}

void not_in(LayerParameter& layer, const char* stage) {
    layer.clear_include();
    layer.clear_exclude();
    layer.add_exclude()->add_stage(stage);
}

/// Files of another machine are never followed.
void forget_files(LayerParameter& layer, std::vector<std::string>& changes) {
    bool changed = false;
    const auto clear = [&](bool has, auto&& action) {
        if (has) action();
        changed = changed || has;
    };
    auto& data = *layer.mutable_data_param();
    clear(data.has_source(), [&] { data.clear_source(); });
    clear(data.has_backend(), [&] { data.clear_backend(); });
    if (data.ByteSizeLong() == 0) layer.clear_data_param();
    if (layer.has_hdf5_data_param())
        clear(layer.hdf5_data_param().has_source(), [&] { layer.mutable_hdf5_data_param()->clear_source(); });
    if (layer.has_transform_param())
        clear(layer.transform_param().has_mean_file(), [&] { layer.mutable_transform_param()->clear_mean_file(); });
    if (changed)
        changes.push_back(
            fmt::format("[{}] what it said of files was taken out; they come from the dataset", layer.name()));
}

bool reads_label(const LayerParameter& layer) {
    return std::ranges::any_of(layer.bottom(), [](const std::string& bottom) { return bottom == "label"; });
}

}  // namespace

WholeNetwork make_whole_network(const caffe::NetParameter& net) {
    WholeNetwork whole{net, {}};
    auto& changes = whole.changes;
    if (names_stages(net)) {
        for (auto& layer : *whole.net.mutable_layer())
            if (is_data_layer(layer)) forget_files(layer, changes);
        return whole;
    }
    whole.net.clear_layer();
    const LayerParameter* loss = nullptr;
    const LayerParameter* softmax = nullptr;
    for (const auto& layer : net.layer()) {
        if (layer.type() == "SoftmaxWithLoss") loss = &layer;
        if (layer.type() == "Softmax") softmax = &layer;
    }
    for (const auto& original : net.layer()) {
        if (is_data_layer(original)) {
            changes.push_back(fmt::format("[{}] left out: data come from the dataset", original.name()));
            continue;
        }
        auto& layer = *whole.net.add_layer() = original;
        if (layer.type() == "Accuracy")
            only_in(layer, "val");
        else if (reads_label(layer))
            not_in(layer, "deploy");
        else if (&original == softmax && !loss)
            only_in(layer, "deploy");
    }
    if (loss && !softmax && loss->bottom_size() > 0) {
        auto& layer = *whole.net.add_layer();
        layer.set_name("softmax");
        layer.set_type("Softmax");
        layer.add_bottom(loss->bottom(0));
        layer.add_top("softmax");
        only_in(layer, "deploy");
        changes.emplace_back("[softmax] added, to use the network");
    }
    if (softmax && !loss && softmax->bottom_size() > 0) {
        auto& layer = *whole.net.add_layer();
        layer.set_name("loss");
        layer.set_type("SoftmaxWithLoss");
        layer.add_bottom(softmax->bottom(0));
        layer.add_bottom("label");
        layer.add_top("loss");
        not_in(layer, "deploy");
        auto& accuracy = *whole.net.add_layer();
        accuracy.set_name("accuracy");
        accuracy.set_type("Accuracy");
        accuracy.add_bottom(softmax->bottom(0));
        accuracy.add_bottom("label");
        accuracy.add_top("accuracy");
        only_in(accuracy, "val");
        changes.emplace_back("[loss] and [accuracy] added, to train the network");
    }
    return whole;
}

}  // namespace digits
