#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/result.hpp"

namespace digits {

/// How many blobs each layer of a binary `.caffemodel` has, without those that have none. Reads no HDF5, so that the
/// server need not link it. Errors: kNotFound, kDataLoss; kUnsupported for HDF5.
Result<std::map<std::string, int>> count_layer_blobs(const std::filesystem::path& path);

}  // namespace digits
