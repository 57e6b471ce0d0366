#include "models/retrain.hpp"

#include "caffe/prototxt.hpp"

namespace digits {

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

}  // namespace digits
