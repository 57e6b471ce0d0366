#include "caffe/digits_rules.hpp"

#include <algorithm>
#include <set>

#include "caffe/net_state.hpp"
#include "caffe/solver_rules.hpp"
#include "caffe/upgrade.hpp"

namespace digits {
namespace {

using caffe::LayerParameter;

constexpr int kDefaultBatch = 16;

caffe::NetState state_of(caffe::Phase phase, const char* stage) {
    caffe::NetState state;
    state.set_phase(phase);
    state.add_stage(stage);
    return state;
}

void clear_rules(LayerParameter& layer) {
    layer.clear_include();
    layer.clear_exclude();
}

void include_only_in(LayerParameter& layer, caffe::Phase phase) {
    clear_rules(layer);
    layer.add_include()->set_phase(phase);
}

bool is_data_layer(const LayerParameter& layer) { return layer.type().find("Data") != std::string::npos; }

/// The three nets inside one, still in the words of the user.
struct NetParts {
    std::optional<LayerParameter> train_data;
    std::optional<LayerParameter> val_data;
    std::vector<LayerParameter> train_val;
    std::vector<LayerParameter> deploy;
};

/// Leaves out what the dataset makes senseless and fills in the number of classes. Errors: a data layer of another
/// kind.
Result<std::vector<LayerParameter>> clean_up(const caffe::NetParameter& net, const TrainingData& dataset,
                                             std::vector<std::string>& warnings) {
    std::vector<LayerParameter> layers;
    for (const auto& original : net.layer()) {
        LayerParameter layer = original;
        if (is_data_layer(layer) && layer.type() != "Data" && layer.type() != "HDF5Data")
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "[{}] a data layer of type {}, expected Data or HDF5Data", layer.name(),
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
        return fail(ErrorCode::kInvalidArgument, "[{}] a second data layer for {}, after [{}]; expected one",
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

LayerParameter default_data_layer(TrainingBackend backend, caffe::Phase phase) {
    LayerParameter layer;
    layer.set_name("data");
    layer.set_type(backend == TrainingBackend::kLmdb ? "Data" : "HDF5Data");
    layer.add_top("data");
    layer.add_top("label");
    include_only_in(layer, phase);
    return layer;
}

/// Points data layers to the dataset and sets what the user chose.
class DataLayerFiller {
  public:
    DataLayerFiller(const TrainingData& dataset, const TrainingChoices& choices, std::vector<std::string>& warnings)
        : dataset_(dataset), choices_(choices), warnings_(warnings) {}

    Status fill(LayerParameter& layer, const std::string& db, std::optional<int> batch_size) {
        if (is_hdf5() && layer.type() == "Data") become_hdf5(layer);
        DIGITS_TRY(check(layer));
        DIGITS_TRY(set_crop(layer));
        DIGITS_TRY(set_mean(layer));
        if (is_hdf5()) {
            DIGITS_TRY(check_nothing_to_transform(layer));
            layer.mutable_hdf5_data_param()->set_source(db + "/list.txt");
            set_batch(*layer.mutable_hdf5_data_param(), batch_size);
        } else {
            layer.mutable_data_param()->set_source(db);
            layer.mutable_data_param()->set_backend(caffe::DataParameter::LMDB);
            set_batch(*layer.mutable_data_param(), batch_size);
        }
        if (batch_of(layer) <= 0)
            return fail(ErrorCode::kInvalidArgument, "[{}] its batch_size is too large", layer.name());
        return {};
    }

    int batch_of(const LayerParameter& layer) const {
        return static_cast<int>(is_hdf5() ? layer.hdf5_data_param().batch_size() : layer.data_param().batch_size());
    }

  private:
    bool is_hdf5() const { return dataset_.backend == TrainingBackend::kHdf5; }

    /// So that networks written for LMDB datasets, the standard ones among them, take HDF5 ones.
    void become_hdf5(LayerParameter& layer) const {
        warnings_.push_back(fmt::format("[{}] becomes an HDF5Data layer, as the dataset is HDF5", layer.name()));
        layer.set_type("HDF5Data");
        if (layer.data_param().has_batch_size() && !layer.hdf5_data_param().has_batch_size())
            layer.mutable_hdf5_data_param()->set_batch_size(layer.data_param().batch_size());
        auto& data = *layer.mutable_data_param();
        data.clear_batch_size();
        data.clear_prefetch();
        if (data.ByteSizeLong() == 0) layer.clear_data_param();
    }

    static Status check_nothing_to_transform(LayerParameter& layer) {
        if (layer.transform_param().ByteSizeLong() > 0)
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "[{}] an HDF5Data layer transforms nothing, it has a "
                                   "transform_param",
                                   layer.name())
                            .advise("Leave transform_param out, or use an LMDB dataset"));
        layer.clear_transform_param();
        return {};
    }

    Status check(const LayerParameter& layer) const {
        const char* wanted = is_hdf5() ? "HDF5Data" : "Data";
        if (layer.type() != wanted)
            return fail(make_error(ErrorCode::kInvalidArgument, "[{}] a data layer of type {}, the dataset needs {}",
                                   layer.name(), layer.type(), wanted)
                            .advise("Leave the layer out: Digits adds one for its dataset"));
        const char* given = layer.data_param().has_source()        ? "data_param.source"
                            : layer.data_param().has_backend()     ? "data_param.backend"
                            : layer.hdf5_data_param().has_source() ? "hdf5_data_param.source"
                                                                   : nullptr;
        if (given)
            return fail(make_error(ErrorCode::kInvalidArgument, "[{}] {} is set; it comes from the dataset",
                                   layer.name(), given)
                            .advise("Leave it out"));
        return {};
    }

    Status set_crop(LayerParameter& layer) const {
        const int most = std::min(dataset_.height, dataset_.width);
        if (choices_.crop_size) {
            if (*choices_.crop_size > most)
                return fail(ErrorCode::kInvalidArgument, "crop_size {} is larger than the pictures ({} x {})",
                            *choices_.crop_size, dataset_.width, dataset_.height);
            layer.mutable_transform_param()->set_crop_size(static_cast<std::uint32_t>(*choices_.crop_size));
        } else if (layer.transform_param().crop_size() > static_cast<std::uint32_t>(most)) {
            warnings_.push_back(fmt::format("[{}] crop_size {} is larger than the pictures ({} x {}): {} is used",
                                            layer.name(), layer.transform_param().crop_size(), dataset_.width,
                                            dataset_.height, most));
            layer.mutable_transform_param()->set_crop_size(static_cast<std::uint32_t>(most));
        }
        if (is_hdf5() && layer.transform_param().crop_size() > 0)
            return fail(ErrorCode::kInvalidArgument, "[{}] an HDF5Data layer cannot crop, crop_size is {}",
                        layer.name(), layer.transform_param().crop_size());
        return {};
    }

    Status set_mean(LayerParameter& layer) const {
        if (choices_.mean == MeanMode::kNone) return {};
        auto& transform = *layer.mutable_transform_param();
        if (transform.has_mean_file() || transform.mean_value_size() > 0)
            warnings_.push_back(fmt::format("[{}] its own mean is replaced by the dataset's", layer.name()));
        transform.clear_mean_file();
        transform.clear_mean_value();
        if (choices_.mean == MeanMode::kImage) {
            if (is_hdf5()) {
                warnings_.push_back(fmt::format("[{}] an HDF5Data layer subtracts no mean picture", layer.name()));
                return {};
            }
            if (dataset_.mean_file.empty()) return no_mean();
            transform.set_mean_file(dataset_.mean_file);
            return {};
        }
        if (is_hdf5())
            return fail(ErrorCode::kInvalidArgument, "[{}] an HDF5Data layer cannot subtract a mean pixel",
                        layer.name());
        if (dataset_.mean_pixel.empty()) return no_mean();
        for (const float value : dataset_.mean_pixel) transform.add_mean_value(value);
        return {};
    }

    static Status no_mean() {
        return fail(make_error(ErrorCode::kInvalidArgument, "the dataset has no mean picture to subtract")
                        .advise("Choose the mean \"none\", or build the dataset with its mean"));
    }

    template <class DataMessage>
    static void set_batch(DataMessage& data, std::optional<int> batch_size) {
        if (batch_size)
            data.set_batch_size(static_cast<std::uint32_t>(*batch_size));
        else if (data.batch_size() == 0)
            data.set_batch_size(kDefaultBatch);
    }

    const TrainingData& dataset_;
    const TrainingChoices& choices_;
    std::vector<std::string>& warnings_;
};

/// Every bottom of a layer that the phase includes must be a top there, or an input.
Status check_bottoms(const caffe::NetParameter& net, caffe::Phase phase, const char* use) {
    caffe::NetState state;
    state.set_phase(phase);
    std::set<std::string> blobs(net.input().begin(), net.input().end());
    for (const auto& layer : net.layer())
        if (is_included(layer, state)) blobs.insert(layer.top().begin(), layer.top().end());
    for (const auto& layer : net.layer()) {
        if (!is_included(layer, state)) continue;
        for (const auto& bottom : layer.bottom())
            if (!blobs.contains(bottom))
                return fail(make_error(ErrorCode::kInvalidArgument,
                                       "[{}] reads the blob \"{}\", which no layer gives in {}", layer.name(), bottom,
                                       use)
                                .advise("Say with an include rule where the layer belongs"));
    }
    return {};
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

Status check_sizes(const TrainingData& dataset, const TrainingChoices& choices) {
    const auto positive = [](const char* name, std::int64_t value) -> Status {
        if (value > 0) return {};
        return fail(ErrorCode::kInvalidArgument, "{} is {}, expected at least 1", name, value);
    };
    DIGITS_TRY(positive("the number of classes", dataset.label_count));
    DIGITS_TRY(positive("the number of pictures to train with", dataset.train_count));
    DIGITS_TRY(positive("the pictures' channels", dataset.channels));
    DIGITS_TRY(positive("the pictures' height", dataset.height));
    DIGITS_TRY(positive("the pictures' width", dataset.width));
    if (!(choices.epochs > 0))
        return fail(ErrorCode::kInvalidArgument, "epochs is {}, expected more than 0", choices.epochs);
    DIGITS_TRY(positive("batch_accumulation", choices.batch_accumulation));
    DIGITS_TRY(positive("batch_size", choices.batch_size.value_or(1)));
    DIGITS_TRY(positive("val_batch_size", choices.val_batch_size.value_or(1)));
    return positive("crop_size", choices.crop_size.value_or(1));
}

}  // namespace

Result<TrainingFiles> make_training_files(const caffe::NetParameter& original, const TrainingData& dataset,
                                          const TrainingChoices& choices) {
    DIGITS_TRY(check_sizes(dataset, choices));
    caffe::NetParameter net = original;
    DIGITS_TRY(upgrade_net(net));
    TrainingFiles files;
    DIGITS_ASSIGN(auto layers, clean_up(net, dataset, files.warnings));
    DIGITS_ASSIGN(auto parts, split(std::move(layers), files.warnings));

    const bool has_val = dataset.val_count > 0;
    if (!parts.train_data) {
        parts.train_data = default_data_layer(dataset.backend, caffe::TRAIN);
        parts.val_data = default_data_layer(dataset.backend, caffe::TEST);
    }
    if (has_val && !parts.val_data && choices.val_interval > 0)
        return fail(
            make_error(ErrorCode::kInvalidArgument,
                       "[{}] gives data to train with, and no layer gives data to validate with",
                       parts.train_data->name())
                .advise("Add a data layer with include { stage: \"val\" }, or set the validation interval to 0"));

    DataLayerFiller filler(dataset, choices, files.warnings);
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

    DIGITS_ASSIGN(files.deploy, make_deploy(parts.deploy, dataset, files.crop_size));
    files.iterations_per_epoch =
        iterations_per_epoch(dataset.train_count, files.batch_size, choices.batch_accumulation);
    DIGITS_ASSIGN(files.solver,
                  make_solver(dataset, choices, {files.batch_size, files.val_batch_size, files.iterations_per_epoch}));
    return files;
}

}  // namespace digits
