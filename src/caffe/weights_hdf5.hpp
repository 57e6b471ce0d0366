#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "caffe.pb.h"

namespace digits {

/// Layers are groups under /data, with datasets "0", "1", …; a "/" in a layer's name makes groups inside each other.
/// A dataset that is left out (a parameter shared with another layer) becomes an empty blob.
/// Errors: kDataLoss with the path and the object's name, kTooLarge over 2 GB of values.
Result<caffe::NetParameter> read_hdf5_weights(const std::filesystem::path& path);
Status write_hdf5_weights(const caffe::NetParameter& net, const std::filesystem::path& path);

Result<caffe::SolverState> read_hdf5_solver_state(const std::filesystem::path& path);
Status write_hdf5_solver_state(const caffe::SolverState& state, const std::filesystem::path& path);

}  // namespace digits
