#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "caffe/digits_rules.hpp"

namespace digits {

/// What a model needs of a finished dataset's folder.
struct DatasetFolder {
    TrainingData facts;
    std::string resize;  ///< how pictures were fitted
};

/// Reads `dataset.json`. Errors: kFailedPrecondition when there is none (yet), kDataLoss when it cannot be understood.
Result<DatasetFolder> read_dataset_folder(const std::filesystem::path& dataset_dir);

}  // namespace digits
