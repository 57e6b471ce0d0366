#include "engine/net/views.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace digits {
namespace {

bool is_view(const caffe::LayerParameter& layer) {
    const std::string& type = layer.type();
    return type == "Reshape" || type == "Flatten" || type == "Split" ||
           (type == "Concat" && layer.bottom_size() == 1) || (type == "Slice" && layer.top_size() == 1);
}

/// Layers whose gradient is computed from their top's values.
bool reads_its_top(const caffe::LayerParameter& layer) {
    static const std::set<std::string, std::less<>> types{"ELU",     "Exp",   "MVN",  "Power",
                                                          "Sigmoid", "Swish", "TanH", "Softmax"};
    return types.contains(layer.type());
}

/// The blobs of a net, grouped by shared memory.
class Views {
  public:
    explicit Views(const caffe::NetParameter& net) : net_(net) {}

    /// Adds the tops of layer `index`.
    void add(int index) {
        const auto& layer = net_.layer(index);
        for (const auto& top : layer.top()) {
            if (std::ranges::count(layer.bottom(), top) > 0) continue;
            makers_[top] = index;
            memory_[top] = is_view(layer) && layer.bottom_size() > 0 ? memory_[layer.bottom(0)] : ++last_memory_;
        }
    }

    int maker(const std::string& blob) const { return makers_.at(blob); }

    /// The tops of this layer get their own memory.
    void separate(int index) {
        for (const auto& top : net_.layer(index).top()) memory_[top] = ++last_memory_;
    }

    std::vector<std::string> sharing_with(const std::string& blob) const {
        std::vector<std::string> others;
        for (const auto& [other, memory] : memory_)
            if (memory == memory_.at(blob) && other != blob) others.push_back(other);
        return others;
    }

    bool has_readers(const std::vector<std::string>& blobs) const {
        const auto one_of = [&](const std::string& blob) { return std::ranges::count(blobs, blob) > 0; };
        return std::ranges::any_of(net_.layer(), [&](const auto& layer) {
            if (is_view(layer)) return false;
            return std::ranges::any_of(layer.bottom(), one_of) ||
                   (reads_its_top(layer) && std::ranges::any_of(layer.top(), one_of));
        });
    }

  private:
    const caffe::NetParameter& net_;
    std::map<std::string, int> makers_, memory_;
    int last_memory_ = 0;
};

}  // namespace

bool works_in_place(const caffe::LayerParameter& layer) {
    static const std::set<std::string, std::less<>> types{
        "BN",    "BNLL",    "BatchNorm", "Bias",      "Clip",  "Dropout",  "ELU",    "Exp",
        "Log",   "MVN",     "Mixup",     "Normalize", "PReLU", "Power",    "Python", "ReLU",
        "Scale", "Sigmoid", "Softmax",   "Swish",     "TanH",  "Threshold"};
    // The gradient of a product needs a factor that would be overwritten.
    if (layer.type() == "Eltwise") return layer.eltwise_param().operation() != caffe::EltwiseParameter::PROD;
    return types.contains(layer.type());
}

ViewPlan plan_views(const caffe::NetParameter& net) {
    const auto layers = static_cast<std::size_t>(net.layer_size());
    ViewPlan plan{std::vector<bool>(layers), std::vector<std::vector<std::string>>(layers)};
    Views views(net);
    for (int i = 0; i < net.layer_size(); ++i) {
        const auto& layer = net.layer(i);
        views.add(i);
        const bool in_place = layer.bottom_size() > 0 && layer.top_size() > 0 && layer.bottom(0) == layer.top(0);
        if (!in_place) continue;
        auto others = views.sharing_with(layer.top(0));
        if (views.has_readers(others)) {
            const int maker = views.maker(layer.top(0));
            plan.copies[static_cast<std::size_t>(maker)] = true;
            views.separate(maker);
        } else {
            plan.shown_in[static_cast<std::size_t>(i)] = std::move(others);
        }
    }
    return plan;
}

}  // namespace digits
