#pragma once

#include <string>

#include "data/sources/remote_images.hpp"

namespace digits {

/// A folder of a web server that lists its folders, with one subfolder a class; docs/datasets.md.
struct WebFolderOptions final : RemoteClassOptions {
    std::string url;

    Status validate(const std::string& where) const;
};

extern const SourceKind kWebFolder;

}  // namespace digits
