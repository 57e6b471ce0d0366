#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/precision.hpp"
#include "base/result.hpp"
#include "base/task_context.hpp"
#include "engine/net/blob.hpp"

namespace digits {

struct TrainOptions {
    /// The solver; relative paths in it start at its folder. Snapshots go to `<snapshot_prefix>_iter_N…` (with the
    /// solver's own name in a prefix that is a folder); the newest whole one there is resumed from.
    std::filesystem::path solver_file;
    double iterations_per_epoch = 1;
    /// `.caffemodel` files to start from, when there is nothing to resume.
    std::vector<std::filesystem::path> weights;
    Device device;
    Precision precision = Precision::kFp32;
    std::uint64_t seed = 1;
    int threads = 0;  ///< of computing and of feeding; 0: all cores
};

struct TrainSummary {
    std::int64_t iterations = 0;
    double best_accuracy = -1;  ///< of the validation; -1 if there is none
    std::int64_t best_iteration = 0;
    std::int64_t first_iteration = 0;  ///< where it went on; what was before is not in `best_…`
    bool aborted = false;
};

/// Whether an output of this name is what trainings are compared by.
bool is_accuracy_output(std::string_view name);

/// Trains to max_iter, telling `network`, `metrics`, `snapshot`, `progress` and `log` events
/// (docs/formats/worker-protocol.md). Exactly resumable: the iterations after a snapshot give the same numbers as in an
/// uninterrupted run. Errors: kInvalidArgument for a wrong network or solver; kFailedPrecondition with advice when the
/// loss is no number or explodes, or the precision would be slower on this device.
Result<TrainSummary> train(const TrainOptions& options, TaskContext& context);

}  // namespace digits
