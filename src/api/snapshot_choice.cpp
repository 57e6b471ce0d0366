#include "api/snapshot_choice.hpp"

#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "api/job_view.hpp"
#include "api/messages.hpp"

namespace digits::api {

using nlohmann::json;

Result<ModelSnapshots> model_snapshots(const Job& job, const Context& context) {
    ModelSnapshots snapshots;
    DIGITS_ASSIGN(snapshots.entries, list_snapshots(context.jobs.job_dir(job.id)));
    snapshots.best = static_cast<int>(snapshots.entries.size()) - 1;
    const auto judge = judging_series(job);
    if (judge.empty() || snapshots.entries.empty()) return snapshots;
    DIGITS_ASSIGN(const auto series, context.jobs.metrics(job.id, {{judge}, 0, -1}));
    std::map<std::int64_t, double> values;
    for (const auto& one : series)
        for (const auto& point : one.points) values[point.iteration] = point.value;
    const bool less = less_is_better(judge);
    std::optional<double> best;
    for (std::size_t i = 0; i < snapshots.entries.size(); ++i) {
        const auto found = values.find(snapshots.entries[i].iteration);
        if (found == values.end()) continue;
        const bool better = !best || (less ? found->second < *best : found->second > *best);
        if (!better) continue;
        best = found->second;
        snapshots.best = static_cast<int>(i);
    }
    return snapshots;
}

Result<SnapshotEntry> pick_snapshot(const std::string& wish, const Job& job, const Context& context) {
    DIGITS_ASSIGN(const auto snapshots, model_snapshots(job, context));
    if (snapshots.entries.empty())
        return fail(make_error(ErrorCode::kFailedPrecondition, "{} has no snapshot yet", job.id)
                        .advise("Wait for the first, or ask the training for one now"));
    if (wish.empty() || wish == "best") return snapshots.entries[static_cast<std::size_t>(snapshots.best)];
    if (wish == "last") return snapshots.entries.back();
    std::int64_t iteration = 0;
    const auto [end, error] = std::from_chars(wish.data(), wish.data() + wish.size(), iteration);
    if (error != std::errc() || end != wish.data() + wish.size() || iteration < 0)
        return fail(ErrorCode::kInvalidArgument, "snapshot must be best, last or an iteration, got \"{}\"",
                    wish.substr(0, 60));
    for (const auto& entry : snapshots.entries)
        if (entry.iteration == iteration) return entry;
    return fail(ErrorCode::kNotFound, "{} has no snapshot of iteration {}", job.id, iteration);
}

Result<SnapshotEntry> choose_snapshot(const http::Request& request, const Job& job, const Context& context) {
    const auto* wish = request.find_query("snapshot");
    auto snapshot = pick_snapshot(wish ? *wish : "best", job, context);
    if (!snapshot && snapshot.error().code != ErrorCode::kFailedPrecondition)
        return fail(Error(snapshot.error()).at("?snapshot"));
    return snapshot;
}

json snapshots_view(const ModelSnapshots& snapshots) {
    json items = json::array();
    for (std::size_t i = 0; i < snapshots.entries.size(); ++i) {
        const auto& entry = snapshots.entries[i];
        items.push_back({{"iteration", entry.iteration},
                         {"epoch", entry.epoch ? json(*entry.epoch) : json()},
                         {"weights", entry.weights},
                         {"state", entry.state.empty() ? json() : json(entry.state)},
                         {"bytes", entry.bytes},
                         {"best", static_cast<int>(i) == snapshots.best}});
    }
    return items;
}

}  // namespace digits::api
