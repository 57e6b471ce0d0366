#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"
#include "models/model_spec.hpp"

namespace digits {

/// `snapshot_iter_N.caffemodel` (or `.caffemodel.h5`) in a model's folder.
struct SnapshotEntry {
    std::int64_t iteration = 0;
    std::optional<double> epoch;  ///< to a thousandth; none when model.json is not there
    std::string weights;          ///< file name
    std::string state;            ///< file name; empty: cannot be resumed from
    std::uint64_t bytes = 0;      ///< of both files
};

/// Oldest first; an empty list when there are none. Errors: kNotFound for a missing folder.
Result<std::vector<SnapshotEntry>> list_snapshots(const std::filesystem::path& job_dir);

/// What the snapshots of a training take on the disk at most, about. `parameters`: of the network. While a snapshot is
/// written the ones that it replaces are still there.
std::int64_t snapshots_bytes(const ModelSpec& spec, const caffe::SolverParameter& solver, std::int64_t parameters);

}  // namespace digits
