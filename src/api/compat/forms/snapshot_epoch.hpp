#pragma once

#include <optional>

#include "api/compat/forms/arguments.hpp"
#include "api/context.hpp"
#include "models/snapshots.hpp"

namespace digits::api::compat {

/// The number that an argument gives; none if it is absent or empty. kInvalidArgument for what is not a number.
Result<std::optional<double>> epoch_argument(const Arguments& arguments, const char* name);

/// The snapshot of an epoch (a thousandth either way), or null.
const SnapshotEntry* find_snapshot(const std::vector<SnapshotEntry>& snapshots, double epoch);

/// The snapshot of the epoch that an argument names; the last one if it is absent or -1. As in DIGITS an epoch without
/// snapshot counts as a failure of the server.
Result<SnapshotEntry> snapshot_of(const Arguments& arguments, const char* name, const Job& job, const Context& context);

}  // namespace digits::api::compat
