#include "engine/net/describe.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "caffe/net_state.hpp"
#include "engine/guard.hpp"
#include "engine/memory/memory.hpp"
#include "engine/net/filler.hpp"
#include "engine/net/flops.hpp"
#include "engine/net/net.hpp"
#include "engine/net/series_choice.hpp"
#include "feed/transformer.hpp"

namespace digits {
namespace {

/// The values of the weights do not matter here, and a constant filler is the fastest.
void without_fillers(caffe::NetParameter& net) {
    for (auto& layer : *net.mutable_layer()) {
        if (layer.has_convolution_param()) layer.mutable_convolution_param()->clear_weight_filler();
        if (layer.has_inner_product_param()) layer.mutable_inner_product_param()->clear_weight_filler();
    }
}

/// Those fillers, which no layer has seen.
void check_fillers(const Net& net, const caffe::NetParameter& written) {
    for (const auto& definition : written.layer()) {
        const auto* filler = definition.has_convolution_param()     ? &definition.convolution_param().weight_filler()
                             : definition.has_inner_product_param() ? &definition.inner_product_param().weight_filler()
                                                                    : nullptr;
        auto* layer = net.find_layer(definition.name());
        if (!filler || !layer || layer->blobs().empty() || definition.blobs_size() > 0) continue;
        in_layer(definition.name(), [&] { check_filler(layer->blobs()[0]->shape(), *filler); });
    }
}

/// The transformations of data layers, which the Input layers in their place lack. Mean files stay unread.
Status check_transforms(const caffe::NetParameter& written, caffe::Phase phase, const ImageInputs& inputs) {
    for (const auto& layer : written.layer()) {
        if (layer.type() != "Data" || layer.top_size() == 0 || reads_targets(layer)) continue;
        auto transform = layer.transform_param();
        if (transform.mean_value_size() == 0) transform.clear_mean_file();
        const auto made = Transformer::create(transform, phase, 0, static_cast<int>(inputs.image[0]),
                                              static_cast<int>(inputs.image[1]), static_cast<int>(inputs.image[2]));
        if (made) continue;
        auto error = made.error();
        error.message = "[" + layer.name() + "] " + error.message;
        return fail(std::move(error));
    }
    return {};
}

/// Scores for fewer classes than the labels have fail only when the first such label comes.
void check_scores(const Net& net, const caffe::NetParameter& written, const ImageInputs& inputs) {
    if (inputs.classes == 0) return;
    std::set<std::string> labels;
    for (const auto& layer : written.layer())
        if (layer.type().ends_with("Data"))
            for (int i = 1; i < layer.top_size(); ++i) labels.insert(layer.top(i));
    for (const auto& layer : written.layer()) {
        if (layer.bottom_size() < 2 || !labels.contains(layer.bottom(1))) continue;
        const bool is_loss = layer.type() == "SoftmaxWithLoss" || layer.type() == "MultinomialLogisticLoss";
        const bool ignores = layer.loss_param().has_ignore_label() || layer.accuracy_param().has_ignore_label();
        const auto* scores = net.find_blob(layer.bottom(0));
        const int axis = layer.type() == "Accuracy" ? layer.accuracy_param().axis() : layer.softmax_param().axis();
        if ((!is_loss && layer.type() != "Accuracy") || ignores || !scores) continue;
        const auto count = scores->axis_count();
        if (axis < -count || axis >= count) continue;
        const auto outputs = scores->dim(axis < 0 ? axis + count : axis);
        if (outputs >= inputs.classes) continue;
        in_layer(layer.name(), [&] {
            throw EngineError{make_error(ErrorCode::kInvalidArgument,
                                         "\"{}\" has scores of {} classes, the dataset has {} classes", layer.bottom(0),
                                         outputs, inputs.classes)
                                  .advise(fmt::format("Set num_output of the layer that makes the scores to {}, or "
                                                      "leave it out: it then is the number of classes",
                                                      inputs.classes))};
        });
    }
}

LayerDescription describe_layer(const Net& net, const caffe::LayerParameter& definition, double batch_size) {
    LayerDescription found;
    found.name = definition.name();
    found.type = definition.type();
    found.bottoms.assign(definition.bottom().begin(), definition.bottom().end());
    found.tops.assign(definition.top().begin(), definition.top().end());
    for (const auto* names : {&found.bottoms, &found.tops})
        for (const auto& name : *names)
            if (const auto* blob = net.find_blob(name)) found.shapes[name] = blob->shape();
    const bool training = net.phase() == caffe::TRAIN;
    std::int64_t values = 0;
    for (const auto& name : found.tops)
        if (std::ranges::find(found.bottoms, name) == found.bottoms.end())
            values += (training ? 2 : 1) * element_count(found.shapes[name]);
    if (auto* layer = net.find_layer(found.name)) {
        for (const auto& blob : layer->blobs()) {
            found.parameters += blob->count();
            found.parameter_shapes.push_back(blob->shape());
        }
        found.flops = layer_flops(net, *layer) / batch_size;
    }
    found.memory_bytes = (values + (training ? 3 : 1) * found.parameters) * static_cast<std::int64_t>(sizeof(float));
    return found;
}

/// The images that go through at once: the first axis of the first input.
std::int64_t batch_size_of(const Net& net) {
    if (net.inputs().empty()) return 1;
    const auto& shape = net.find_blob(net.inputs().front())->shape();
    return shape.empty() ? 1 : std::max<std::int64_t>(1, shape[0]);
}

}  // namespace

std::int64_t training_bytes(const NetDescription& train, const NetDescription* val) {
    if (!val) return train.memory_bytes;
    return train.memory_bytes + val->memory_bytes - val->parameters * static_cast<std::int64_t>(sizeof(float));
}

Status check_takes_weights(const NetDescription& train, const NetDescription& other, std::string_view use) {
    for (const auto& layer : other.layers) {
        const auto trained = std::ranges::find(train.layers, layer.name, &LayerDescription::name);
        if (trained == train.layers.end() || trained->parameter_shapes == layer.parameter_shapes) continue;
        const auto shapes = [](const LayerDescription& one) {
            std::vector<std::string> texts;
            for (const auto& shape : one.parameter_shapes) texts.push_back(shape_text(shape));
            return texts.empty() ? std::string("none") : fmt::format("{}", fmt::join(texts, ", "));
        };
        return fail(make_error(ErrorCode::kInvalidArgument,
                               "[{}] the weights that are trained do not fit in {}: shapes {} there, {} in training",
                               layer.name, use, shapes(layer), shapes(*trained))
                        .advise("Give the layer the same settings and images of the same size in both: crop_size of "
                                "their data layers must be the same"));
    }
    return {};
}

Result<NetDescription> describe_net(const caffe::NetParameter& whole, const caffe::NetState& state,
                                    const ImageInputs& inputs, const std::filesystem::path& base_dir,
                                    const ProductMode& products) {
    DIGITS_ASSIGN(const auto filtered, filter_net(whole, state));
    DIGITS_TRY(check_transforms(filtered, state.phase(), inputs));
    auto definition = with_input_layers(filtered, inputs);
    without_fillers(definition);
    NetOptions options;
    options.state = state;
    options.base_dir = base_dir;
    options.products = products;
    DIGITS_ASSIGN(const auto net, Net::create(definition, options));
    NetDescription found;
    DIGITS_TRY(guarded([&] {
        check_fillers(*net, filtered);
        check_scores(*net, filtered, inputs);
        found.batch_size = batch_size_of(*net);
        const auto batch = static_cast<double>(found.batch_size);
        for (const auto& layer : filtered.layer()) found.layers.push_back(describe_layer(*net, layer, batch));
        for (const auto& parameter : net->learnable_parameters()) {
            found.parameters += parameter.blob->count();
            if (parameter.lr_mult != 0) found.learning += parameter.blob->count();
        }
        found.series = series_names(*net);
        for (const auto& [name, layer] : find_measures(*net)) found.measures.push_back(name);
        const auto flops = count_flops(*net);
        found.forward_flops = flops.forward / batch;
        found.backward_flops = flops.backward / batch;
        found.memory_bytes = estimate_memory(*net);
    }));
    return found;
}

}  // namespace digits
