#include "caffe/input_transform.hpp"

#include <algorithm>

#include "caffe/net_state.hpp"
#include "caffe/stages.hpp"

namespace digits {

const caffe::LayerParameter* find_image_layer(const caffe::NetParameter& train_val, caffe::Phase phase) {
    const auto state = state_of(phase, phase == caffe::TEST ? "val" : "train");
    const caffe::LayerParameter* first = nullptr;
    for (const auto& layer : train_val.layer()) {
        if (!is_data_layer(layer) || layer.bottom_size() > 0 || !is_included(layer, state)) continue;
        // Targets may have a layer of their own.
        if (std::ranges::find(layer.top(), "data") != layer.top().end()) return &layer;
        if (!first) first = &layer;
    }
    return first;
}

InputTransform input_transform(const caffe::NetParameter& train_val) {
    const auto* layer = find_image_layer(train_val, caffe::TEST);
    if (!layer) layer = find_image_layer(train_val, caffe::TRAIN);
    InputTransform transform;
    if (!layer) return transform;
    transform.parameter = layer->transform_param();
    transform.parameter.clear_mirror();
    transform.is_rgb = layer->type() == "HDF5Data";
    return transform;
}

}  // namespace digits
