#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "caffe/digits_rules.hpp"
#include "data/dataset_facts.hpp"

namespace digits {

/// DatasetFacts::images_per_record() of a dataset that is not made yet.
int images_per_record(const DatasetSpec& dataset);

/// What a Data layer makes of the records of targets of a kind.
caffe::DataParameter::Target target_form(TargetKind kind);

/// What the network rules need to know of a dataset; `folder` is its folder, absolute.
TrainingData training_data(const DatasetFacts& dataset, const std::filesystem::path& folder);

/// What a model needs of a finished dataset's folder.
struct DatasetFolder {
    TrainingData facts;
    std::string resize;                      ///< how images were fitted
    std::string task;                        ///< a name of tasks()
    std::vector<double> value_range{};       ///< ImageSpec::value_range
    bool is_deep = false;                    ///< ImageSpec::is_deep()
    int bands = 0;                           ///< ImageSpec::bands
    std::filesystem::path labels_file{};     ///< the names of the classes; empty: there are no classes
    std::vector<std::uint64_t> box_sides{};  ///< of the training set: SplitFacts::box_sides
};

/// Errors: as read_dataset_facts().
Result<DatasetFolder> read_dataset_folder(const std::filesystem::path& dataset_dir);

}  // namespace digits
