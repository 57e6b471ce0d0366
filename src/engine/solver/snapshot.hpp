#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "engine/solver/solver.hpp"
#include "training/trainee.hpp"

namespace digits {

/// `<prefix>_iter_N.caffemodel` and `.solverstate` (with ".h5" for HDF5), the weights first, each as a whole: a state
/// file that is there has its weights.
Result<SnapshotFiles> write_snapshot(const Solver& solver, const std::filesystem::path& prefix);

/// All snapshots, in any order; `state` is empty where it is not there.
std::vector<SnapshotFiles> find_snapshots(const std::filesystem::path& prefix);
/// The snapshot of the highest iteration whose two files are there.
std::optional<SnapshotFiles> find_newest_snapshot(const std::filesystem::path& prefix);

}  // namespace digits
