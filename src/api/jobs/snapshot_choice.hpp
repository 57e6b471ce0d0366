#pragma once

#include <string>
#include <vector>

#include "api/context.hpp"
#include "http/message.hpp"
#include "models/snapshots.hpp"

namespace digits::api {

struct ModelSnapshots {
    std::vector<SnapshotEntry> entries;  ///< oldest first
    /// Index of the one whose validation was best (the last one without any validation); -1 without snapshots.
    int best = -1;
};
Result<ModelSnapshots> model_snapshots(const Job& job, const Context& context);

/// What the query's `snapshot` names: an iteration, `best` (the default) or `last`. kNotFound if there is none such.
Result<SnapshotEntry> choose_snapshot(const http::Request& request, const Job& job, const Context& context);

/// The same, for a choice that is at `place` of the request.
Result<SnapshotEntry> snapshot_named(const std::string& wish, const std::string& place, const Job& job,
                                     const Context& context);

/// The contract's list of `Snapshot`.
nlohmann::json snapshots_view(const ModelSnapshots& snapshots);

}  // namespace digits::api
