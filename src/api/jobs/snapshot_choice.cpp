#include "api/jobs/snapshot_choice.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "api/jobs/judge.hpp"
#include "api/jobs/model_framework.hpp"

namespace digits::api {

using nlohmann::json;

Result<ModelSnapshots> model_snapshots(const Job& job, const Context& context) {
    ModelSnapshots snapshots;
    DIGITS_ASSIGN(snapshots.entries, list_snapshots(job, context));
    std::vector<std::int64_t> iterations;
    for (const auto& entry : snapshots.entries) iterations.push_back(entry.iteration);
    std::vector<MetricSeries> series;
    const auto judge = judging_metric(job);
    if (judge && !iterations.empty()) {
        DIGITS_ASSIGN(series, context.jobs.metrics(job.id, {{series_of(*judge)}, 0, -1}));
    }
    snapshots.best = best_snapshot(iterations, judge, series);
    return snapshots;
}

Result<SnapshotEntry> choose_snapshot(const http::Request& request, const Job& job, const Context& context) {
    const auto* wish = request.find_query("snapshot");
    return snapshot_named(wish ? *wish : "best", "?snapshot", job, context);
}

Result<SnapshotEntry> snapshot_named(const std::string& wish, const std::string& place, const Job& job,
                                     const Context& context) {
    DIGITS_ASSIGN(const auto snapshots, model_snapshots(job, context));
    if (snapshots.entries.empty())
        return fail(make_error(ErrorCode::kFailedPrecondition, "{} has no snapshot yet", job.id)
                        .advise("Wait for the first, or ask the training for one now"));
    if (wish == "best") return snapshots.entries[static_cast<std::size_t>(snapshots.best)];
    if (wish == "last") return snapshots.entries.back();
    std::int64_t iteration = -1;
    const auto [end, error] = std::from_chars(wish.data(), wish.data() + wish.size(), iteration);
    if (error != std::errc() || end != wish.data() + wish.size() || iteration < 0)
        return fail(make_error(ErrorCode::kInvalidArgument, "a snapshot must be best, last or an iteration; got \"{}\"",
                               wish.substr(0, 40))
                        .at(place));
    for (const auto& entry : snapshots.entries)
        if (entry.iteration == iteration) return entry;
    return fail(make_error(ErrorCode::kNotFound, "{} has no snapshot of iteration {}", job.id, iteration).at(place));
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
