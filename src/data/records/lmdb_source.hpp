#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// Databases of Caffe's that are there already; docs/datasets.md.
struct LmdbOptions final : SourceOptions {
    std::string train_images;
    std::string train_labels;
    std::string val_images;
    std::string val_labels;
    std::string mean_file;
    std::string class_labels;

    Status validate(const std::string& where) const;
    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kReadyRecords;

}  // namespace digits
