#pragma once

#include <string>

#include "data/sources/class_split.hpp"
#include "data/sources/source.hpp"

namespace digits {

/// One sub-folder a class; docs/datasets.md.
struct ClassFolderOptions final : SourceOptions, SeparateClassLimits {
    std::string path;
    std::string val_path;
    std::string test_path;
    int percent_val = 25;
    int percent_test = 0;
    int min_per_class = 2;
    int max_per_class = 0;  ///< 0: no limit

    Status validate(const std::string& where) const;
    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
    /// What percentages deal out: nothing to a split with a folder of its own.
    int dealt_to_val() const { return val_path.empty() ? percent_val : 0; }
    int dealt_to_test() const { return test_path.empty() ? percent_test : 0; }
};

extern const SourceKind kClassFolders;

}  // namespace digits
