#include "api/compat/forms/snapshot_epoch.hpp"

#include <cmath>

#include "api/compat/forms/form.hpp"
#include "api/jobs/model_framework.hpp"

namespace digits::api::compat {
namespace {

/// Epochs are told to a thousandth.
constexpr double kTolerance = 5e-4;

}  // namespace

Result<std::optional<double>> epoch_argument(const Arguments& arguments, const char* name) {
    const auto text = arguments.get(name);
    if (text.empty()) return std::optional<double>();
    const auto value = parse_number(text);
    if (!value) return fail(ErrorCode::kInvalidArgument, "{}: Not a valid float value", name);
    return value;
}

const SnapshotEntry* find_snapshot(const std::vector<SnapshotEntry>& snapshots, double epoch) {
    for (const auto& snapshot : snapshots)
        if (std::abs(snapshot.epoch.value_or(-1) - epoch) < kTolerance) return &snapshot;
    return nullptr;
}

Result<SnapshotEntry> snapshot_of(const Arguments& arguments, const char* name, const Job& job,
                                  const Context& context) {
    DIGITS_ASSIGN(const auto epoch, epoch_argument(arguments, name));
    DIGITS_ASSIGN(auto snapshots, list_snapshots(job, context));
    if (snapshots.empty()) return fail(ErrorCode::kInternal, "{} has no snapshot yet", job.id);
    if (!epoch || *epoch < 0) return std::move(snapshots.back());
    if (const auto* found = find_snapshot(snapshots, *epoch)) return *found;
    return fail(ErrorCode::kInternal, "{} has no snapshot of epoch {}", job.id, *epoch);
}

}  // namespace digits::api::compat
