#include "infer/fold_batch_norm.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace digits {
namespace {

using caffe::LayerParameter;

/// x becomes factor * x + shift, a channel each.
struct Affine {
    std::vector<double> factor, shift;
};

bool shares_parameters(const LayerParameter& layer) {
    return std::ranges::any_of(layer.param(), [](const auto& param) { return !param.name().empty(); });
}

bool has_values(const LayerParameter& values, int blobs) {
    return values.blobs_size() == blobs &&
           std::ranges::all_of(values.blobs(), [](const auto& blob) { return blob.data_size() > 0; });
}

std::optional<Affine> affine_of_batch_norm(const LayerParameter& layer, const LayerParameter& values) {
    const auto& how = layer.batch_norm_param();
    if ((how.has_use_global_stats() && !how.use_global_stats()) || how.scale_bias() || !has_values(values, 3))
        return std::nullopt;
    const double weight = values.blobs(2).data(0);
    const double per = weight == 0 ? 0 : 1 / weight;
    Affine affine;
    for (int i = 0; i < values.blobs(0).data_size(); ++i) {
        const double factor = 1 / std::sqrt(values.blobs(1).data(i) * per + static_cast<double>(how.eps()));
        affine.factor.push_back(factor);
        affine.shift.push_back(-values.blobs(0).data(i) * per * factor);
    }
    return affine;
}

std::optional<Affine> affine_of_scale(const LayerParameter& layer, const LayerParameter& values) {
    const auto& how = layer.scale_param();
    if (layer.bottom_size() != 1 || how.axis() != 1 || how.num_axes() != 1) return std::nullopt;
    if (!has_values(values, how.bias_term() ? 2 : 1)) return std::nullopt;
    const auto& factors = values.blobs(0).data();
    Affine affine{{factors.begin(), factors.end()}, std::vector<double>(static_cast<std::size_t>(factors.size()), 0)};
    if (how.bias_term()) affine.shift.assign(values.blobs(1).data().begin(), values.blobs(1).data().end());
    return affine;
}

std::optional<Affine> affine_of(const LayerParameter& layer, const LayerParameter& values) {
    if (layer.bottom_size() != 1 || layer.top_size() != 1 || shares_parameters(layer)) return std::nullopt;
    if (layer.type() == "BatchNorm") return affine_of_batch_norm(layer, values);
    if (layer.type() == "Scale") return affine_of_scale(layer, values);
    return std::nullopt;
}

class Folding {
  public:
    explicit Folding(FoldedNet& net) : net_(net) {
        for (auto& layer : *net_.weights.mutable_layer()) values_[layer.name()] = &layer;
    }

    /// Folds what follows each layer that can take it.
    void run() {
        auto& layers = *net_.definition.mutable_layer();
        for (int i = 0; i < layers.size(); ++i) {
            if (!takes(layers[i])) continue;
            for (int next = follower(i); next > i; next = follower(i)) {
                const auto affine = affine_of(layers[next], values_of(layers[next]));
                if (!affine || !fold(layers[i], *affine)) break;
                layers[i].set_top(0, layers[next].top(0));
                layers.DeleteSubrange(next, 1);
                ++net_.folded;
            }
        }
    }

  private:
    const LayerParameter& values_of(const LayerParameter& layer) const {
        static const LayerParameter none;
        const auto found = values_.find(layer.name());
        return found == values_.end() ? none : *found->second;
    }

    bool takes(const LayerParameter& layer) const {
        const bool is_product = layer.type() == "Convolution" || layer.type() == "DepthwiseConvolution" ||
                                (layer.type() == "InnerProduct" && layer.inner_product_param().axis() == 1 &&
                                 !layer.inner_product_param().transpose());
        if (!is_product || layer.bottom_size() != 1 || layer.top_size() != 1 || shares_parameters(layer)) return false;
        // A convolution along other axes has other channels.
        if (layer.type() == "Convolution" && layer.convolution_param().axis() != 1) return false;
        return layer.bottom(0) != layer.top(0) && has_values(values_of(layer), has_bias(layer) ? 2 : 1);
    }

    static bool has_bias(const LayerParameter& layer) {
        return layer.type() == "InnerProduct" ? layer.inner_product_param().bias_term()
                                              : layer.convolution_param().bias_term();
    }

    /// The layer that alone reads the top of layer `index`, before anything overwrites it; -1: none.
    int follower(int index) const {
        const auto& layers = net_.definition.layer();
        const auto& top = layers[index].top(0);
        int found = -1;
        for (int i = index + 1; i < layers.size(); ++i) {
            const auto reads = std::ranges::find(layers[i].bottom(), top) != layers[i].bottom().end();
            const auto writes = std::ranges::find(layers[i].top(), top) != layers[i].top().end();
            if (reads && found >= 0) return -1;
            if (reads) found = i;
            // In place: later readers read what it makes.
            if (writes) return found == i ? found : -1;
        }
        return found;
    }

    bool fold(LayerParameter& layer, const Affine& affine) {
        auto& values = *values_.at(layer.name());
        auto& weights = *values.mutable_blobs(0)->mutable_data();
        const auto channels = affine.factor.size();
        const auto count = static_cast<std::size_t>(weights.size());
        if (channels == 0 || affine.shift.size() != channels || count % channels != 0) return false;
        if (!has_bias(layer)) {
            if (layer.type() == "InnerProduct")
                layer.mutable_inner_product_param()->set_bias_term(true);
            else
                layer.mutable_convolution_param()->set_bias_term(true);
            auto& bias = *values.add_blobs();
            bias.mutable_shape()->add_dim(static_cast<std::int64_t>(channels));
            bias.mutable_data()->Resize(static_cast<int>(channels), 0);
        }
        auto& bias = *values.mutable_blobs(1)->mutable_data();
        if (static_cast<std::size_t>(bias.size()) != channels) return false;
        const auto each = count / channels;
        for (std::size_t c = 0; c < channels; ++c) {
            for (std::size_t i = 0; i < each; ++i) {
                auto& weight = weights[static_cast<int>(c * each + i)];
                weight = static_cast<float>(weight * affine.factor[c]);
            }
            auto& one = bias[static_cast<int>(c)];
            one = static_cast<float>(one * affine.factor[c] + affine.shift[c]);
        }
        return true;
    }

    FoldedNet& net_;
    std::map<std::string, LayerParameter*, std::less<>> values_;
};

}  // namespace

bool may_fold(const caffe::NetParameter& definition) {
    return std::ranges::any_of(
        definition.layer(), [](const auto& layer) { return layer.type() == "BatchNorm" || layer.type() == "Scale"; });
}

FoldedNet fold_batch_norm(caffe::NetParameter definition, caffe::NetParameter weights) {
    FoldedNet net{std::move(definition), std::move(weights)};
    Folding(net).run();
    return net;
}

}  // namespace digits
