#pragma once

#include <string>

#include "data/sources/remote/remote_images.hpp"

namespace digits {

/// A folder of a web server that lists its folders, with one subfolder a class; docs/datasets.md.
struct WebFolderOptions final : RemoteClassOptions, SeparateClassLimits {
    std::string url;
    std::string val_url;   ///< empty: a share of the training images
    std::string test_url;  ///< likewise

    Status validate(const std::string& where) const;
    std::vector<Split> splits() const {
        return splits_of(!val_url.empty() || percent_val > 0, !test_url.empty() || percent_test > 0);
    }
};

extern const SourceKind kWebFolder;

}  // namespace digits
