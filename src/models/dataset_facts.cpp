#include "models/dataset_facts.hpp"

#include "data/dataset_facts.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

/// A split's database and record count; empty and 0 when the dataset has no such split.
std::pair<std::string, std::int64_t> split_of(const DatasetFacts& dataset, const char* name, const fs::path& folder) {
    const auto* split = dataset.find_split(name);
    if (!split) return {"", 0};
    return {(folder / split->db).string(), static_cast<std::int64_t>(split->count)};
}

}  // namespace

TrainingData training_data(const DatasetFacts& dataset, const fs::path& folder) {
    TrainingData data;
    data.label_count = static_cast<std::int64_t>(dataset.labels.size());
    data.channels = dataset.image.channels;
    data.height = dataset.image.height;
    data.width = dataset.image.width;
    data.backend = dataset.storage.backend == DatasetBackend::kHdf5 ? TrainingBackend::kHdf5 : TrainingBackend::kLmdb;
    std::tie(data.train_db, data.train_count) = split_of(dataset, "train", folder);
    std::tie(data.val_db, data.val_count) = split_of(dataset, "val", folder);
    if (dataset.mean_file) data.mean_file = (folder / *dataset.mean_file).string();
    if (dataset.mean_pixel) data.mean_pixel.assign(dataset.mean_pixel->begin(), dataset.mean_pixel->end());
    return data;
}

Result<DatasetFolder> read_dataset_folder(const fs::path& dataset_dir) {
    const auto folder = fs::absolute(dataset_dir);
    DIGITS_ASSIGN(const auto dataset, read_dataset_facts(folder));
    return DatasetFolder{training_data(dataset, folder), std::string(enum_name(dataset.image.resize))};
}

}  // namespace digits
