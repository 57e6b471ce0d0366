#include "caffe/digits_rules.hpp"

#include <algorithm>

#include "caffe/data_layers.hpp"
#include "caffe/layer_rules.hpp"
#include "caffe/net_state.hpp"
#include "caffe/refused_warnings.hpp"
#include "caffe/solver_rules.hpp"
#include "caffe/stages.hpp"
#include "caffe/upgrade.hpp"

namespace digits {
namespace {

using caffe::LayerParameter;

/// The three nets inside one, still in the words of the user.
struct NetParts {
    std::optional<LayerParameter> train_data;
    std::optional<LayerParameter> val_data;
    std::vector<LayerParameter> train_val;
    std::vector<LayerParameter> deploy;
};

/// Drops layers that do not apply to this dataset and fills in the number of classes. Errors: a data layer of another
/// kind.
Result<std::vector<LayerParameter>> clean_up(const caffe::NetParameter& net, const TrainingData& dataset,
                                             std::vector<std::string>& warnings) {
    std::vector<LayerParameter> layers;
    for (const auto& original : net.layer()) {
        LayerParameter layer = original;
        if (is_data_layer(layer) && layer.type() != "Data" && layer.type() != "HDF5Data")
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "[{}] the data layer is of type {}; it must be Data or HDF5Data", layer.name(),
                                   layer.type())
                            .advise("Leave the layer out: Digits adds one for its dataset"));
        if (layer.type() == "Input") continue;
        if (layer.type() == "Accuracy" && layer.accuracy_param().top_k() > dataset.label_count) {
            warnings.push_back(fmt::format("[{}] left out: the top {} of {} classes say nothing", layer.name(),
                                           layer.accuracy_param().top_k(), dataset.label_count));
            continue;
        }
        if (layer.type() == "InnerProduct" && !layer.inner_product_param().has_num_output())
            layer.mutable_inner_product_param()->set_num_output(static_cast<std::uint32_t>(dataset.label_count));
        if (layer.type() == "Convolution" && !layer.convolution_param().has_num_output())
            layer.mutable_convolution_param()->set_num_output(static_cast<std::uint32_t>(dataset.label_count));
        layers.push_back(std::move(layer));
    }
    return layers;
}

Status put_data_layer(LayerParameter layer, bool in_train, bool in_val, NetParts& parts,
                      std::vector<std::string>& warnings) {
    if (in_train && in_val) {
        warnings.push_back(fmt::format(
            "[{}] left out: a data layer needs include {{ stage: \"train\" }} or include {{ stage: \"val\" }}",
            layer.name()));
        return {};
    }
    if (!in_train && !in_val) return {};
    auto& place = in_train ? parts.train_data : parts.val_data;
    if (place)
        return fail(ErrorCode::kInvalidArgument, "[{}] a second data layer for {}, after [{}]; only one is allowed",
                    layer.name(), in_train ? "training" : "validation", place->name());
    include_only_in(layer, in_train ? caffe::TRAIN : caffe::TEST);
    place = std::move(layer);
    return {};
}

Result<NetParts> split(std::vector<LayerParameter> layers, std::vector<std::string>& warnings) {
    const auto train = state_of(caffe::TRAIN, "train");
    const auto val = state_of(caffe::TEST, "val");
    const auto deploy = state_of(caffe::TEST, "deploy");
    NetParts parts;
    for (auto& layer : layers) {
        const bool in_train = is_included(layer, train), in_val = is_included(layer, val);
        if (is_data_layer(layer)) {
            DIGITS_TRY(put_data_layer(std::move(layer), in_train, in_val, parts, warnings));
            continue;
        }
        if (is_included(layer, deploy)) {
            parts.deploy.push_back(layer);
            clear_rules(parts.deploy.back());
        }
        if (!in_train && !in_val) continue;
        clear_rules(layer);
        if (in_train != in_val) include_only_in(layer, in_train ? caffe::TRAIN : caffe::TEST);
        parts.train_val.push_back(std::move(layer));
    }
    if (parts.val_data && !parts.train_data)
        return fail(ErrorCode::kInvalidArgument, "[{}] a data layer for validation, but none for training",
                    parts.val_data->name());
    return parts;
}

Result<caffe::NetParameter> make_deploy(const std::vector<LayerParameter>& layers, const TrainingData& dataset,
                                        int crop_size) {
    caffe::NetParameter net;
    net.add_input("data");
    auto& shape = *net.add_input_shape();
    for (const int dim :
         {1, dataset.channels, crop_size > 0 ? crop_size : dataset.height, crop_size > 0 ? crop_size : dataset.width})
        shape.add_dim(dim);
    for (const auto& layer : layers) *net.add_layer() = layer;
    const bool has_softmax =
        std::any_of(layers.begin(), layers.end(), [](const auto& layer) { return layer.type() == "Softmax"; });
    if (!has_softmax)
        return fail(make_error(ErrorCode::kInvalidArgument, "the network to deploy has no Softmax layer")
                        .advise("Add one with include { stage: \"deploy\" }"));
    DIGITS_TRY(check_bottoms(net, caffe::TEST, "the network to deploy"));
    return net;
}

}  // namespace

Result<TrainingFiles> make_training_files(const caffe::NetParameter& original, const TrainingData& dataset,
                                          const TrainingChoices& choices) {
    DIGITS_TRY(check_sizes(dataset, choices));
    if (dataset.label_count < 1)
        return fail(ErrorCode::kInvalidArgument, "the number of classes must be at least 1; got {}",
                    dataset.label_count);
    caffe::NetParameter net = original;
    DIGITS_TRY(upgrade_net(net));
    TrainingFiles files;
    const RefusedWarnings told(files, choices);
    files.warnings = unused_stages(net);
    DIGITS_ASSIGN(auto layers, clean_up(net, dataset, files.warnings));
    DIGITS_ASSIGN(auto parts, split(std::move(layers), files.warnings));

    const bool has_val = dataset.val_count > 0;
    if (!parts.train_data) {
        parts.train_data = default_data_layer(dataset.backend, caffe::TRAIN, {"data", "label"});
        parts.val_data = default_data_layer(dataset.backend, caffe::TEST, {"data", "label"});
    }
    if (has_val && !parts.val_data && choices.val_interval > 0)
        return fail(
            make_error(ErrorCode::kInvalidArgument,
                       "[{}] gives data to train with, and no layer gives data to validate with",
                       parts.train_data->name())
                .advise("Add a data layer with include { stage: \"val\" }, or set the validation interval to 0"));

    const DataLayerFiller filler(dataset, choices, files.warnings);
    DIGITS_TRY(filler.fill(*parts.train_data, dataset.train_db, choices.batch_size));
    files.batch_size = filler.batch_of(*parts.train_data);
    files.crop_size = static_cast<int>(parts.train_data->transform_param().crop_size());
    *files.train_val.add_layer() = *parts.train_data;
    if (has_val && parts.val_data) {
        DIGITS_TRY(filler.fill(*parts.val_data, dataset.val_db,
                               choices.val_batch_size ? choices.val_batch_size : choices.batch_size));
        files.val_batch_size = filler.batch_of(*parts.val_data);
        if (files.crop_size == 0) files.crop_size = static_cast<int>(parts.val_data->transform_param().crop_size());
        *files.train_val.add_layer() = *parts.val_data;
    }
    for (const auto& layer : parts.train_val) *files.train_val.add_layer() = layer;
    DIGITS_TRY(check_bottoms(files.train_val, caffe::TRAIN, "training"));
    if (files.val_batch_size > 0) DIGITS_TRY(check_bottoms(files.train_val, caffe::TEST, "validation"));

    // In use, an image is prepared as in validation.
    const int crop =
        files.val_batch_size > 0 ? static_cast<int>(parts.val_data->transform_param().crop_size()) : files.crop_size;
    DIGITS_ASSIGN(files.deploy, make_deploy(parts.deploy, dataset, crop));
    DIGITS_TRY(check_loss(files.train_val));
    files.iterations_per_epoch =
        iterations_per_epoch(dataset.train_count, files.batch_size, choices.batch_accumulation);
    DIGITS_ASSIGN(files.solver,
                  make_solver(dataset, choices, {files.batch_size, files.val_batch_size, files.iterations_per_epoch}));
    return files;
}

}  // namespace digits
