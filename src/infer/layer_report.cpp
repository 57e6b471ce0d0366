#include "infer/layer_report.hpp"

#include <ATen/ATen.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/guard.hpp"
#include "image/encode.hpp"
#include "infer/layer_image.hpp"

namespace digits {
namespace {

using nlohmann::json;

class Reporter {
  public:
    Reporter(const Net& net, std::string input, std::filesystem::path folder)
        : net_(net), input_(std::move(input)), folder_(std::move(folder)) {}

    void report(const caffe::LayerParameter& definition) {
        for (const auto& bottom : definition.bottom()) add_activation(bottom, definition, false);
        if (auto* layer = net_.find_layer(definition.name()); layer && !layer->blobs().empty())
            add_weights(definition, *layer);
        for (const auto& top : definition.top()) add_activation(top, definition, definition.type() == "Softmax");
    }

    json take() { return std::move(list_); }

  private:
    void add_activation(const std::string& name, const caffe::LayerParameter& layer, bool is_softmax) {
        const auto* blob = net_.find_blob(name);
        if (!blob || !told_.insert(name).second) return;
        auto shape = blob->shape();
        if (blob->count() == 0) return;
        if (!shape.empty()) shape.erase(shape.begin());
        LayerImageOptions options;
        options.heat = name != input_;
        options.normalize = !is_softmax;
        add(name, "activation", layer, *blob, shape, options, true, json());
    }

    void add_weights(const caffe::LayerParameter& definition, Layer& layer) {
        std::int64_t parameters = 0;
        for (const auto& blob : layer.blobs()) parameters += blob->count();
        const auto& weights = *layer.blobs().front();
        if (weights.count() > 0)
            add(definition.name(), "weights", definition, weights, weights.shape(), {},
                definition.type() != "InnerProduct", parameters);
    }

    void add(const std::string& name, const char* kind, const caffe::LayerParameter& layer, const Blob& blob,
             const Shape& shape, const LayerImageOptions& options, bool drawn, json parameters) {
        const at::Tensor data = blob.data().cpu().contiguous();
        const auto* values = data.data_ptr<float>();
        const auto found = layer_statistics(values, static_cast<std::size_t>(element_count(shape)));
        json entry{{"name", name},
                   {"layer", layer.name()},
                   {"type", layer.type()},
                   {"kind", kind},
                   {"shape", shape},
                   {"mean", found.mean},
                   {"deviation", found.deviation},
                   {"histogram", {{"counts", found.histogram}, {"low", found.low}, {"high", found.high}}},
                   {"parameters", std::move(parameters)},
                   {"image", nullptr}};
        if (drawn) entry["image"] = draw(values, shape, options);
        list_.push_back(std::move(entry));
    }

    json draw(const float* values, const Shape& shape, const LayerImageOptions& options) {
        const auto image = layer_image(values, shape, options);
        if (image.pixels.empty()) return nullptr;
        const auto png = encode_png(image);
        if (!png) throw EngineError{png.error()};
        const auto name = fmt::format("{:04}.png", list_.size());
        std::ofstream file(folder_ / name, std::ios::binary);
        file << *png;
        if (!file.flush()) throw EngineError{errno_error("cannot write " + (folder_ / name).string(), errno)};
        return name;
    }

    const Net& net_;
    const std::string input_;
    const std::filesystem::path folder_;
    std::set<std::string> told_;
    json list_ = json::array();
};

}  // namespace

Result<json> report_layers(const Net& net, const caffe::NetParameter& definition, const std::string& input,
                           const std::filesystem::path& folder) {
    Reporter reporter(net, input, folder);
    DIGITS_TRY(guarded([&] {
        for (const auto& layer : definition.layer()) reporter.report(layer);
    }));
    return reporter.take();
}

}  // namespace digits
