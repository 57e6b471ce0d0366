#include <algorithm>

#include "caffe/data_layers.hpp"
#include "caffe/detectnet_rules.hpp"
#include "caffe/digits_rules.hpp"
#include "caffe/layer_rules.hpp"
#include "caffe/net_state.hpp"
#include "caffe/refused_warnings.hpp"
#include "caffe/solver_rules.hpp"
#include "caffe/stages.hpp"
#include "caffe/upgrade.hpp"

namespace digits {
namespace {

using caffe::LayerParameter;

/// What a network says about one phase of a training.
struct Streams {
    std::optional<LayerParameter> images, targets;
};

struct GenericParts {
    Streams train, val;
    std::vector<LayerParameter> train_val;
    std::vector<LayerParameter> deploy;
};

bool has_top_like(const LayerParameter& layer, std::string_view word) {
    return std::ranges::any_of(layer.top(), [&](const auto& top) { return top.find(word) != std::string::npos; });
}

bool has_bottom_like(const LayerParameter& layer, std::string_view word) {
    return std::ranges::any_of(layer.bottom(),
                               [&](const auto& bottom) { return bottom.find(word) != std::string::npos; });
}

/// A layer with both tops gives images, and keeps both.
Status put_data_layer(LayerParameter layer, bool in_train, bool in_val, GenericParts& parts,
                      std::vector<std::string>& warnings) {
    if (layer.type() != "Data")
        return fail(make_error(ErrorCode::kInvalidArgument, "[{}] the data layer is of type {}; it must be Data",
                               layer.name(), layer.type())
                        .advise("Leave the layer out: Digits adds one for its dataset"));
    const bool images = has_top_like(layer, "data");
    if (in_train == in_val || (!images && !has_top_like(layer, "label"))) {
        warnings.push_back(
            fmt::format("[{}] left out: a data layer needs include {{ stage: \"train\" }} or include {{ "
                        "stage: \"val\" }}, and a top named data or label",
                        layer.name()));
        return {};
    }
    auto& streams = in_train ? parts.train : parts.val;
    auto& place = images ? streams.images : streams.targets;
    if (place)
        return fail(ErrorCode::kInvalidArgument, "[{}] a second layer of {} for {}, after [{}]; only one is allowed",
                    layer.name(), images ? "images" : "labels", in_train ? "training" : "validation", place->name());
    include_only_in(layer, in_train ? caffe::TRAIN : caffe::TEST);
    place = std::move(layer);
    return {};
}

Status fill_in_outputs(LayerParameter& layer, std::int64_t target_size) {
    const bool product = layer.type() == "InnerProduct" && !layer.inner_product_param().has_num_output();
    const bool convolution = layer.type() == "Convolution" && !layer.convolution_param().has_num_output();
    const bool stretches = layer.type() == "Deconvolution" && !layer.convolution_param().has_num_output();
    if (!product && !convolution && !stretches) return {};
    if (target_size < 1)
        return fail(make_error(ErrorCode::kInvalidArgument, "[{}] num_output is missing", layer.name())
                        .advise("Say how many outputs the layer has: the dataset does not tell"));
    if (product) layer.mutable_inner_product_param()->set_num_output(static_cast<std::uint32_t>(target_size));
    // A bilinear one stretches each channel by itself.
    if (stretches && layer.convolution_param().weight_filler().type() == "bilinear" &&
        !layer.convolution_param().has_group())
        layer.mutable_convolution_param()->set_group(static_cast<std::uint32_t>(target_size));
    if (convolution || stretches)
        layer.mutable_convolution_param()->set_num_output(static_cast<std::uint32_t>(target_size));
    return {};
}

/// A network may name another class than the dataset's, or none.
void set_ignore_label(LayerParameter& layer, std::int32_t label) {
    if (!has_bottom_like(layer, "label")) return;
    const auto& type = layer.type();
    if (type == "SoftmaxWithLoss" || type == "DiceLoss" || type == "DetectionLoss" || type == "MultiBoxLoss" ||
        type == "DetectionMetrics")
        layer.mutable_loss_param()->set_ignore_label(label);
    if (type == "Accuracy") layer.mutable_accuracy_param()->set_ignore_label(label);
    if (type == "SegmentationMetrics") layer.mutable_segmentation_metrics_param()->set_ignore_label(label);
}

/// Of a layer without num_output.
std::int64_t outputs_for(const TrainingData& dataset) {
    if (dataset.target_size > 0) return dataset.target_size;
    // An image of the same kind is made.
    return dataset.target_form == caffe::DataParameter::IMAGE ? dataset.channels : dataset.label_count;
}

Result<GenericParts> split(const caffe::NetParameter& net, const TrainingData& dataset,
                           std::vector<std::string>& warnings) {
    const auto train = state_of(caffe::TRAIN, "train");
    const auto val = state_of(caffe::TEST, "val");
    const auto deploy = state_of(caffe::TEST, "deploy");
    GenericParts parts;
    for (const auto& original : net.layer()) {
        LayerParameter layer = original;
        if (layer.type() == "Input") continue;
        const bool in_train = is_included(layer, train), in_val = is_included(layer, val);
        if (is_data_layer(layer)) {
            DIGITS_TRY(put_data_layer(std::move(layer), in_train, in_val, parts, warnings));
            continue;
        }
        DIGITS_TRY(fill_in_outputs(layer, outputs_for(dataset)));
        if (dataset.ignore_label) set_ignore_label(layer, *dataset.ignore_label);
        if (is_included(layer, deploy)) {
            parts.deploy.push_back(layer);
            clear_rules(parts.deploy.back());
        }
        if (!in_train && !in_val) continue;
        clear_rules(layer);
        if (in_train != in_val) include_only_in(layer, in_train ? caffe::TRAIN : caffe::TEST);
        parts.train_val.push_back(std::move(layer));
    }
    return parts;
}

class GenericRules {
  public:
    GenericRules(const TrainingData& dataset, const TrainingChoices& choices, TrainingFiles& files)
        : dataset_(dataset),
          choices_(choices),
          files_(files),
          filler_(dataset, choices, files.warnings, DataLayerFiller::OwnSource::kReplace) {}

    /// The layers of one phase; the batch size that they share.
    Result<int> add_data(Streams streams, caffe::Phase phase, const std::string& db, const std::string& label_db,
                         std::optional<int> batch_size) {
        if (!streams.images) {
            // Images are validated as the network is trained with them, but for chance.
            streams.images = default_data_layer(dataset_.backend, phase, {"data"});
            if (transform_.ByteSizeLong() > 0) *streams.images->mutable_transform_param() = transform_;
        }
        transform_ = streams.images->transform_param();
        transform_.clear_mirror();
        DIGITS_TRY(filler_.fill(*streams.images, db, batch_size));
        const int batch = filler_.batch_of(*streams.images);
        deploy_crop_ = static_cast<int>(streams.images->transform_param().crop_size());
        if (files_.crop_size == 0) files_.crop_size = deploy_crop_;
        *files_.train_val.add_layer() = *streams.images;
        if (label_db.empty()) {
            if (streams.targets)
                files_.warnings.push_back(
                    fmt::format("[{}] left out: the dataset has no database of labels", streams.targets->name()));
            return batch;
        }
        if (!streams.targets) streams.targets = default_data_layer(TrainingBackend::kLmdb, phase, {"label"});
        DIGITS_TRY(filler_.fill_targets(*streams.targets, label_db, batch, *streams.images));
        *files_.train_val.add_layer() = *streams.targets;
        return batch;
    }

    Status make_deploy(const std::vector<LayerParameter>& layers) {
        auto& net = files_.deploy;
        net.add_input("data");
        auto& shape = *net.add_input_shape();
        const int crop = deploy_crop_;
        for (const int dim :
             {1, dataset_.channels, crop > 0 ? crop : dataset_.height, crop > 0 ? crop : dataset_.width})
            shape.add_dim(dim);
        for (const auto& layer : layers) *net.add_layer() = layer;
        if (layers.empty())
            return fail(make_error(ErrorCode::kInvalidArgument, "the network to deploy has no layer")
                            .advise("Leave the include rule of the layers out that are used after training, or add "
                                    "include { stage: \"deploy\" }"));
        return check_bottoms(net, caffe::TEST, "the network to deploy");
    }

  private:
    const TrainingData& dataset_;
    const TrainingChoices& choices_;
    TrainingFiles& files_;
    DataLayerFiller filler_;
    caffe::TransformationParameter transform_;  ///< of the images of the phase before
    int deploy_crop_ = 0;  ///< of the last phase added: in use, an image is prepared as in validation
};

}  // namespace

Result<TrainingFiles> make_generic_training_files(const caffe::NetParameter& original, const TrainingData& dataset,
                                                  const TrainingChoices& requested) {
    DIGITS_TRY(check_sizes(dataset, requested));
    if (dataset.backend != TrainingBackend::kLmdb)
        return fail(make_error(ErrorCode::kInvalidArgument, "the dataset is HDF5; this task needs LMDB")
                        .advise("Build the dataset with LMDB"));
    TrainingChoices choices = requested;
    TrainingFiles files;
    const RefusedWarnings told(files, choices);
    if (choices.mean != MeanMode::kNone && dataset.mean_file.empty()) {
        files.warnings.emplace_back("The dataset has no mean image: nothing is subtracted");
        choices.mean = MeanMode::kNone;
    }
    caffe::NetParameter net = original;
    DIGITS_TRY(upgrade_net(net));
    for (auto& warning : unused_stages(net)) files.warnings.push_back(std::move(warning));
    if (const auto layer = find_own_mean(net); layer && choices.mean != MeanMode::kNone) {
        files.warnings.push_back(fmt::format(
            "[{}] subtracts a mean of its own from images of 0 to 255: that of the dataset is not subtracted", *layer));
        choices.mean = MeanMode::kNone;
    }
    if (auto fitted = fit_detectnet(net, dataset.width, dataset.height); !fitted.empty())
        files.warnings.push_back(std::move(fitted));
    DIGITS_ASSIGN(auto parts, split(net, dataset, files.warnings));

    GenericRules rules(dataset, choices, files);
    DIGITS_ASSIGN(files.batch_size, rules.add_data(std::move(parts.train), caffe::TRAIN, dataset.train_db,
                                                   dataset.train_label_db, choices.batch_size));
    if (dataset.val_count > 0) {
        DIGITS_ASSIGN(files.val_batch_size,
                      rules.add_data(std::move(parts.val), caffe::TEST, dataset.val_db, dataset.val_label_db,
                                     choices.val_batch_size ? choices.val_batch_size : choices.batch_size));
    }
    for (const auto& layer : parts.train_val) *files.train_val.add_layer() = layer;
    DIGITS_TRY(check_bottoms(files.train_val, caffe::TRAIN, "training"));
    if (files.val_batch_size > 0) DIGITS_TRY(check_bottoms(files.train_val, caffe::TEST, "validation"));
    DIGITS_TRY(rules.make_deploy(parts.deploy));
    DIGITS_TRY(check_loss(files.train_val));
    files.iterations_per_epoch =
        iterations_per_epoch(dataset.train_count, files.batch_size, choices.batch_accumulation);
    DIGITS_ASSIGN(files.solver,
                  make_solver(dataset, choices, {files.batch_size, files.val_batch_size, files.iterations_per_epoch}));
    return files;
}

}  // namespace digits
