#pragma once

#include <array>
#include <string>

namespace digits {

/// Databases that are there already and that a dataset uses as they are.
struct ReadyDatabases {
    struct Split {
        std::string images;  ///< a folder; empty: the split has no samples
        std::string labels;  ///< empty: the labels are in the records of the images
    };
    std::array<Split, 3> splits;  ///< by Split
    int width = 0, height = 0, channels = 0;
    std::string mean_file;  ///< may be empty
};

}  // namespace digits
