#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "base/result.hpp"

namespace digits {

/// What a file of weights tells of a layer, without its values.
struct LayerBlobs {
    int count = 0;
    /// First dimension of the first blob: outputs of a Convolution or InnerProduct layer. 0: it is not told.
    std::int64_t outputs = 0;
};

/// Of each layer of a binary `.caffemodel`, without those that have no blobs. Reads no HDF5, so that the server need
/// not link it. Errors: kNotFound, kDataLoss; kUnsupported for HDF5.
Result<std::map<std::string, LayerBlobs>> read_layer_blobs(const std::filesystem::path& path);

}  // namespace digits
