#include "models/dataset_facts.hpp"

#include <functional>
#include <numeric>

#include "data/dataset_facts.hpp"
#include "data/sources/classes/siamese.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

/// Databases and record count of a split; empty and 0 when the dataset has no such split.
struct SplitData {
    std::string db, label_db;
    std::int64_t count = 0;
};

SplitData split_of(const DatasetFacts& dataset, const char* name, const fs::path& folder) {
    const auto* split = dataset.find_split(name);
    if (!split) return {};
    return {(folder / split->db).string(), split->label_db ? (folder / *split->label_db).string() : "",
            static_cast<std::int64_t>(split->count)};
}

std::vector<std::uint64_t> box_sides_of(const DatasetFacts& dataset) {
    const auto* split = dataset.find_split("train");
    return split ? split->box_sides : std::vector<std::uint64_t>();
}

}  // namespace

caffe::DataParameter::Target target_form(TargetKind kind) {
    switch (kind) {
        case TargetKind::kBoxes: return caffe::DataParameter::BOXES;
        case TargetKind::kMask: return caffe::DataParameter::MASK;
        case TargetKind::kImage: return caffe::DataParameter::IMAGE;
        default: return caffe::DataParameter::NUMBERS;
    }
}

int images_per_record(const DatasetSpec& dataset) { return dataset.source.find<SiameseOptions>() ? 2 : 1; }

TrainingData training_data(const DatasetFacts& dataset, const fs::path& folder) {
    TrainingData data;
    data.label_count = static_cast<std::int64_t>(dataset.labels.size());
    data.channels = dataset.image.channel_count();
    data.height = dataset.image.height;
    data.width = dataset.image.width;
    data.images_per_record = dataset.images_per_record();
    data.backend = dataset.storage.backend == DatasetBackend::kHdf5 ? TrainingBackend::kHdf5 : TrainingBackend::kLmdb;
    auto train = split_of(dataset, "train", folder), val = split_of(dataset, "val", folder);
    data.train_db = std::move(train.db);
    data.train_label_db = std::move(train.label_db);
    data.train_count = train.count;
    if (const auto* split = dataset.find_split("train")) data.train_per_class = split->per_class;
    data.val_db = std::move(val.db);
    data.val_label_db = std::move(val.label_db);
    data.val_count = val.count;
    if (dataset.target == TargetKind::kTensor)
        data.target_size = std::accumulate(dataset.target_shape.begin(), dataset.target_shape.end(), std::int64_t{1},
                                           std::multiplies<>());
    data.target_form = target_form(dataset.target);
    data.ignore_label = dataset.ignore_label;
    if (dataset.mean_file) data.mean_file = (folder / *dataset.mean_file).string();
    if (dataset.mean_pixel) data.mean_pixel.assign(dataset.mean_pixel->begin(), dataset.mean_pixel->end());
    return data;
}

Result<DatasetFolder> read_dataset_folder(const fs::path& dataset_dir) {
    const auto folder = fs::absolute(dataset_dir);
    DIGITS_ASSIGN(const auto dataset, read_dataset_facts(folder));
    const auto& image = dataset.image;
    // Numbers, pairs and images that are made have no classes. Some datasets name theirs in this file alone.
    auto labels = folder / "labels.txt";
    std::error_code ignored;
    if (dataset.labels.empty() && !fs::exists(labels, ignored)) labels.clear();
    return DatasetFolder{training_data(dataset, folder),
                         std::string(enum_name(image.resize)),
                         dataset.task,
                         image.value_range,
                         image.is_deep(),
                         image.bands,
                         std::move(labels),
                         box_sides_of(dataset)};
}

}  // namespace digits
