#include "caffe/data_layers.hpp"

#include <algorithm>

#include "caffe/stages.hpp"

namespace digits {
namespace {

using caffe::LayerParameter;

constexpr int kDefaultBatch = 16;

Status check_nothing_to_transform(LayerParameter& layer) {
    if (layer.transform_param().ByteSizeLong() > 0)
        return fail(make_error(ErrorCode::kInvalidArgument,
                               "[{}] an HDF5Data layer transforms nothing, it has a transform_param", layer.name())
                        .advise("Leave transform_param out, or use an LMDB dataset"));
    layer.clear_transform_param();
    return {};
}

Status no_mean() {
    return fail(make_error(ErrorCode::kInvalidArgument, "the dataset has no mean image to subtract")
                    .advise("Choose the mean \"none\", or build the dataset with its mean"));
}

template <class DataMessage>
void set_batch(DataMessage& data, std::optional<int> batch_size) {
    if (batch_size)
        data.set_batch_size(static_cast<std::uint32_t>(*batch_size));
    else if (data.batch_size() == 0)
        data.set_batch_size(kDefaultBatch);
}

const char* own_source_of(const LayerParameter& layer) {
    return layer.data_param().has_source()        ? "data_param.source"
           : layer.data_param().has_backend()     ? "data_param.backend"
           : layer.hdf5_data_param().has_source() ? "hdf5_data_param.source"
                                                  : nullptr;
}

}  // namespace

Status DataLayerFiller::fill(LayerParameter& layer, const std::string& db, std::optional<int> batch_size) const {
    if (is_hdf5() && layer.type() == "Data") become_hdf5(layer);
    DIGITS_TRY(take_source(layer));
    DIGITS_TRY(set_crop(layer));
    DIGITS_TRY(set_mean(layer));
    DIGITS_TRY(check_channels(layer));
    drop_mirror(layer);
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

Status DataLayerFiller::fill_targets(LayerParameter& layer, const std::string& db, int batch_size,
                                     const LayerParameter& images) const {
    DIGITS_TRY(take_source(layer));
    auto& data = *layer.mutable_data_param();
    data.set_source(db);
    data.set_backend(caffe::DataParameter::LMDB);
    data.set_batch_size(static_cast<std::uint32_t>(batch_size));
    if (dataset_.target_form == caffe::DataParameter::NUMBERS) return {};
    data.set_target(dataset_.target_form);
    data.set_follows(images.name());
    data.set_follows_source(images.data_param().source());
    auto& transform = *layer.mutable_transform_param();
    // Classes and edges are not brightness.
    if (dataset_.target_form != caffe::DataParameter::IMAGE) transform.Clear();
    transform.clear_crop_size();
    transform.clear_mirror();
    if (images.transform_param().crop_size() > 0) transform.set_crop_size(images.transform_param().crop_size());
    if (images.transform_param().mirror()) transform.set_mirror(true);
    if (transform.ByteSizeLong() == 0) layer.clear_transform_param();
    return {};
}

int DataLayerFiller::batch_of(const LayerParameter& layer) const {
    return static_cast<int>(is_hdf5() ? layer.hdf5_data_param().batch_size() : layer.data_param().batch_size());
}

/// So that networks written for LMDB datasets, the standard ones among them, take HDF5 ones.
void DataLayerFiller::become_hdf5(LayerParameter& layer) const {
    warnings_.push_back(fmt::format("[{}] becomes an HDF5Data layer, as the dataset is HDF5", layer.name()));
    layer.set_type("HDF5Data");
    if (layer.data_param().has_batch_size() && !layer.hdf5_data_param().has_batch_size())
        layer.mutable_hdf5_data_param()->set_batch_size(layer.data_param().batch_size());
    auto& data = *layer.mutable_data_param();
    data.clear_batch_size();
    data.clear_prefetch();
    if (data.ByteSizeLong() == 0) layer.clear_data_param();
}

/// The dataset's databases take the place of what the layer reads.
Status DataLayerFiller::take_source(LayerParameter& layer) const {
    const char* wanted = is_hdf5() ? "HDF5Data" : "Data";
    if (layer.type() != wanted)
        return fail(make_error(ErrorCode::kInvalidArgument, "[{}] a data layer of type {}, the dataset needs {}",
                               layer.name(), layer.type(), wanted)
                        .advise("Leave the layer out: Digits adds one for its dataset"));
    const char* given = own_source_of(layer);
    if (!given) return {};
    if (own_source_ == OwnSource::kRefuse)
        return fail(
            make_error(ErrorCode::kInvalidArgument, "[{}] {} is set; it comes from the dataset", layer.name(), given)
                .advise("Leave it out"));
    warnings_.push_back(fmt::format("[{}] its own {} is replaced by the dataset's", layer.name(), given));
    return {};
}

Status DataLayerFiller::set_crop(LayerParameter& layer) const {
    const int most = std::min(dataset_.height, dataset_.width);
    if (choices_.crop_size) {
        if (*choices_.crop_size > most)
            return fail(ErrorCode::kInvalidArgument, "crop_size {} is larger than the images ({} x {})",
                        *choices_.crop_size, dataset_.width, dataset_.height);
        layer.mutable_transform_param()->set_crop_size(static_cast<std::uint32_t>(*choices_.crop_size));
    } else if (layer.transform_param().crop_size() > static_cast<std::uint32_t>(most)) {
        warnings_.push_back(fmt::format("[{}] crop_size {} is larger than the images ({} x {}): {} is used",
                                        layer.name(), layer.transform_param().crop_size(), dataset_.width,
                                        dataset_.height, most));
        layer.mutable_transform_param()->set_crop_size(static_cast<std::uint32_t>(most));
    }
    if (is_hdf5() && layer.transform_param().crop_size() > 0)
        return fail(ErrorCode::kInvalidArgument, "[{}] an HDF5Data layer cannot crop, crop_size is {}", layer.name(),
                    layer.transform_param().crop_size());
    return {};
}

Status DataLayerFiller::set_mean(LayerParameter& layer) const {
    if (choices_.mean == MeanMode::kNone) return {};
    auto& transform = *layer.mutable_transform_param();
    if (transform.has_mean_file() || transform.mean_value_size() > 0)
        warnings_.push_back(fmt::format("[{}] its own mean is replaced by the dataset's", layer.name()));
    transform.clear_mean_file();
    transform.clear_mean_value();
    if (choices_.mean == MeanMode::kImage) {
        if (is_hdf5()) {
            warnings_.push_back(fmt::format("[{}] an HDF5Data layer subtracts no mean image", layer.name()));
            return {};
        }
        if (dataset_.mean_file.empty()) return no_mean();
        transform.set_mean_file(dataset_.mean_file);
        return {};
    }
    if (is_hdf5())
        return fail(ErrorCode::kInvalidArgument, "[{}] an HDF5Data layer cannot subtract a mean pixel", layer.name());
    if (dataset_.mean_pixel.empty()) return no_mean();
    for (const float value : dataset_.mean_pixel) transform.add_mean_value(value);
    return {};
}

/// In use, images have the dataset's channels.
Status DataLayerFiller::check_channels(const LayerParameter& layer) const {
    const auto& transform = layer.transform_param();
    const auto refuse = [&](const char* field, const char* made, const char* advice) {
        return fail(make_error(ErrorCode::kInvalidArgument,
                               "[{}] {} would make {} images of those of the dataset (channels: {})", layer.name(),
                               field, made, dataset_.channels)
                        .advise(advice));
    };
    if (transform.force_gray() && dataset_.channels != 1)
        return refuse("force_gray", "grayscale", "Leave force_gray out, or create the dataset with grayscale images");
    if (transform.force_color() && dataset_.channels != 3)
        return refuse("force_color", "color", "Leave force_color out, or create the dataset with color images");
    return {};
}

/// Images are validated as they are used: never mirrored at random.
void DataLayerFiller::drop_mirror(LayerParameter& layer) const {
    const bool validates = layer.include_size() > 0 && layer.include(0).phase() == caffe::TEST;
    if (!validates || !layer.transform_param().mirror()) return;
    warnings_.push_back(fmt::format("[{}] mirror is left out: images are mirrored in training only", layer.name()));
    layer.mutable_transform_param()->clear_mirror();
}

LayerParameter default_data_layer(TrainingBackend backend, caffe::Phase phase, const std::vector<std::string>& tops) {
    LayerParameter layer;
    layer.set_name(tops.front());
    layer.set_type(backend == TrainingBackend::kLmdb ? "Data" : "HDF5Data");
    for (const auto& top : tops) layer.add_top(top);
    include_only_in(layer, phase);
    return layer;
}

Status check_sizes(const TrainingData& dataset, const TrainingChoices& choices) {
    const auto positive = [](const char* name, std::int64_t value) -> Status {
        if (value > 0) return {};
        return fail(ErrorCode::kInvalidArgument, "{} must be at least 1; got {}", name, value);
    };
    DIGITS_TRY(positive("the number of images to train with", dataset.train_count));
    DIGITS_TRY(positive("the images' channels", dataset.channels));
    DIGITS_TRY(positive("the images' height", dataset.height));
    DIGITS_TRY(positive("the images' width", dataset.width));
    if (!(choices.epochs > 0))
        return fail(ErrorCode::kInvalidArgument, "Epochs must be greater than 0; got {}", choices.epochs);
    DIGITS_TRY(positive("batch_accumulation", choices.batch_accumulation));
    DIGITS_TRY(positive("batch_size", choices.batch_size.value_or(1)));
    DIGITS_TRY(positive("val_batch_size", choices.val_batch_size.value_or(1)));
    return positive("crop_size", choices.crop_size.value_or(1));
}

}  // namespace digits
