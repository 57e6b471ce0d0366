#pragma once

#include <filesystem>
#include <vector>

#include "base/result.hpp"
#include "engine/net/blob.hpp"

namespace digits {

/// A float32 array as numpy's .npy files (version 1.0, little-endian, C order) hold it.
struct NpyArray {
    Shape shape;
    std::vector<float> values;
};

/// Errors: kDataLoss for a damaged file, kUnsupported for other types or orders.
Result<NpyArray> read_npy(const std::filesystem::path& path);
Status write_npy(const NpyArray& array, const std::filesystem::path& path);

}  // namespace digits
