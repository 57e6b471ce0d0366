#include "models/retrain.hpp"

#include "caffe/prototxt.hpp"
#include "caffe/upgrade.hpp"

namespace digits {
namespace {

using caffe::LayerParameter;

bool is_product(const LayerParameter& layer) { return layer.type() == "InnerProduct"; }
bool may_classify(const LayerParameter& layer) { return is_product(layer) || layer.type() == "Convolution"; }

bool has_outputs(const LayerParameter& layer) {
    return is_product(layer) ? layer.inner_product_param().has_num_output()
                             : layer.convolution_param().has_num_output();
}
std::int64_t outputs(const LayerParameter& layer) {
    return is_product(layer) ? layer.inner_product_param().num_output() : layer.convolution_param().num_output();
}

std::vector<LayerParameter*> find_classifiers(caffe::NetParameter& net, std::int64_t old_classes) {
    std::vector<LayerParameter*> open, of_size;
    LayerParameter* last = nullptr;
    for (auto& layer : *net.mutable_layer()) {
        if (!may_classify(layer)) continue;
        last = &layer;
        if (!has_outputs(layer)) open.push_back(&layer);
        if (is_product(layer) && outputs(layer) == old_classes) of_size.push_back(&layer);
    }
    if (!open.empty()) return open;
    if (!of_size.empty()) return of_size;
    return last ? std::vector{last} : std::vector<LayerParameter*>{};
}

}  // namespace

Result<std::string> renamed_for_retraining(std::string_view prototxt) {
    DIGITS_ASSIGN(auto net, parse_net_text(prototxt, "network"));
    for (int i = net.layer_size() - 1; i >= 0; --i) {
        auto& layer = *net.mutable_layer(i);
        if (layer.type() != "InnerProduct") continue;
        layer.set_name(layer.name() + "_retrain");
        return format_prototxt(net);
    }
    return std::string(prototxt);
}

Result<Retrained> with_new_classifier(std::string_view prototxt, std::int64_t old_classes) {
    DIGITS_ASSIGN(auto net, parse_net_text(prototxt, "network"));
    DIGITS_TRY(upgrade_net(net));
    Retrained result;
    for (auto* layer : find_classifiers(net, old_classes)) {
        result.layers.push_back(layer->name());
        layer->set_name(layer->name() + "_retrain");
        if (is_product(*layer))
            layer->mutable_inner_product_param()->clear_num_output();
        else
            layer->mutable_convolution_param()->clear_num_output();
    }
    result.prototxt = format_prototxt(net);
    return result;
}

}  // namespace digits
