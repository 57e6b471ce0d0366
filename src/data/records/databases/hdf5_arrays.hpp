#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace digits {

struct Hdf5Array {
    std::string name;
    std::vector<std::int64_t> shape;
    const float* values = nullptr;
};

/// A new HDF5 file of float datasets, atomically.
Status write_hdf5_arrays(const std::filesystem::path& path, const std::vector<Hdf5Array>& arrays);

}  // namespace digits
