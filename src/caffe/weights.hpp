#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"

namespace digits {

/// A `.caffemodel` (binary protobuf of any size, or HDF5: told apart by its first bytes), upgraded. Layers with
/// `blobs`. Errors: kDataLoss for a damaged file, kTooLarge over 2 GB.
Result<caffe::NetParameter> read_weights(const std::filesystem::path& path);
/// Atomically; binary, or HDF5 when the name ends in ".h5".
Status write_weights(const caffe::NetParameter& net, const std::filesystem::path& path);

/// A `.solverstate`, binary or HDF5 by its first bytes.
Result<caffe::SolverState> read_solver_state(const std::filesystem::path& path);
Status write_solver_state(const caffe::SolverState& state, const std::filesystem::path& path);

/// A single `.binaryproto` blob (a mean image).
Result<caffe::BlobProto> read_blob(const std::filesystem::path& path);
Status write_blob(const caffe::BlobProto& blob, const std::filesystem::path& path);

/// The axes of a blob, also of an old one with num, channels, height, width.
std::vector<std::int64_t> blob_shape(const caffe::BlobProto& blob);
/// Its values as float, also when stored as double. Errors: kDataLoss when the count does not fit the shape.
Result<std::vector<float>> blob_values(const caffe::BlobProto& blob);

}  // namespace digits
