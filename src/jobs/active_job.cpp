#include "jobs/active_job.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/check.hpp"
#include "base/log.hpp"
#include "jobs/event_log.hpp"

namespace digits {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxLogEvents = 50;  // a write; the rest stays in events.jsonl

template <class T>
std::optional<T> find_number(const json& event, const char* name) {
    const auto found = event.find(name);
    if (found == event.end() || !found->is_number()) return std::nullopt;
    return found->get<T>();
}

/// False for a series beyond the limits.
bool add_to_summary(ActiveJob& active, const std::string& series, const MetricPoint& point) {
    auto& job = active.job;
    auto found = std::ranges::find(job.metrics, series, &SeriesSummary::series);
    if (found == job.metrics.end()) {
        if (job.metrics.size() >= kMaxSeries || series.size() > kMaxSeriesName_bytes) return false;
        job.metrics.push_back({series, point, {}});
        found = std::prev(job.metrics.end());
    }
    found->last = point;
    if (!series.starts_with("val/")) return true;
    const bool less = active.kind && active.kind->lower_is_better && active.kind->lower_is_better(job, series);
    // Two zeros of what should be high: nothing was found yet, and the later network has learned longer.
    const auto replaces = [&](double best) {
        return less ? point.value < best : point.value > best || (point.value == 0 && best == 0);
    };
    if (!found->best || replaces(found->best->value)) found->best = point;
    return true;
}

void tell_of_left_out(ActiveJob& active) {
    if (std::exchange(active.metrics_left_out, true)) return;
    active.logs.push_back(
        {"warning",
         fmt::format("The task reports more than {} series, more than {} values at once, or a series whose name "
                     "has more than {} bytes. What is beyond that is not recorded.",
                     kMaxSeries, kMaxEventValues, kMaxSeriesName_bytes)});
}

/// Whether the point is recorded, or the series comes too fast.
bool is_within_rate(ActiveJob& active, const std::string& series, double time) {
    auto& budget = active.budgets[series];
    const double passed = budget.time > 0 ? std::max(time - budget.time, 0.0) : 0;
    budget.points = std::min(budget.points + passed * kMaxPointsPerSecond, kMaxPointsAtOnce);
    budget.time = std::max(time, budget.time);
    if (budget.points < 1) return false;
    --budget.points;
    return true;
}

void tell_of_thinning(ActiveJob& active, const std::string& series) {
    if (std::exchange(active.metrics_thinned, true)) return;
    active.logs.push_back(
        {"warning", fmt::format("The task reports more than {} points a second of {}. Not all of them are "
                                "recorded; the last and the best value are.",
                                kMaxPointsPerSecond, series)});
}

void apply_started(ActiveJob& active, const json& event) {
    active.end = ActiveJob::End::kNone;
    active.job.pid = event.value("pid", active.job.pid);
    active.job.attempt = event.value("attempt", active.job.attempt);
    active.job.device = event.value("device", "");
    active.position.fresh_attempt = active.job.attempt > 1;
    active.changed = true;
}

void apply_progress(ActiveJob& active, const json& event) {
    JobProgress progress;
    progress.step = event.value("step", "");
    progress.unit = event.value("unit", "");
    progress.done = event.value("done", std::uint64_t{0});
    progress.elapsed_s = event.value("elapsed_s", 0.0);
    progress.total = find_number<std::uint64_t>(event, "total");
    progress.rate = find_number<double>(event, "rate");
    progress.eta_s = find_number<double>(event, "eta_s");
    active.job.progress = progress;
    active.progress_due = true;
}

void apply_metrics(ActiveJob& active, const json& event) {
    const auto phase = event.value("phase", "train");
    // A clock that runs ahead brings no points.
    const auto now = unix_time();
    const double time = std::min(find_number<double>(event, "time").value_or(now), now);
    active.position.fresh_attempt = false;
    std::size_t values = 0;
    for (const auto& [name, value] : event.at("values").items()) {
        if (++values > kMaxEventValues) {
            tell_of_left_out(active);
            break;
        }
        if (!value.is_number() || !std::isfinite(value.get<double>())) continue;
        const MetricPoint point{event.value("iteration", std::int64_t{0}), event.value("epoch", 0.0),
                                value.get<double>()};
        const auto series = phase + "/" + name;
        if (!add_to_summary(active, series, point))
            tell_of_left_out(active);
        else if (!is_within_rate(active, series, time))
            tell_of_thinning(active, series);
        else
            active.metrics.push_back({active.job.id, series, point});
    }
}

void add_warning(ActiveJob& active, const std::string& text) {
    auto& warnings = active.job.warnings;
    if (text.empty() || warnings.size() == kMostWarnings || std::ranges::find(warnings, text) != warnings.end()) return;
    warnings.push_back(text);
    active.changed = true;
}

void apply_log(ActiveJob& active, const json& event) {
    if (event.value("level", "info") == "warning") add_warning(active, event.value("text", ""));
    if (active.logs.size() < kMaxLogEvents)
        active.logs.push_back({event.value("level", "info"), event.value("text", "")});
}

void relay(ActiveJob& active, const std::string& name, const json& event) {
    if (!active.kind) return;
    const auto found = std::ranges::find(active.kind->relayed_events, name, &RelayedEvent::name);
    if (found == active.kind->relayed_events.end()) return;
    active.relayed.push_back({name, std::make_shared<const json>(found->data(event))});
    active.urgent = true;
}

void apply_known(ActiveJob& active, const json& event) {
    const auto name = event.at("event").get<std::string>();
    if (name == "started") return apply_started(active, event);
    if (name == "progress") return apply_progress(active, event);
    if (name == "metrics") return apply_metrics(active, event);
    if (name == "log") return apply_log(active, event);
    if (name == "network" || name == "result") {
        auto& target = name == "network" ? active.job.network : active.job.result;
        auto data = name == "network" ? event : event.at("data");
        if (name == "network")
            for (const char* envelope : {"event", "seq", "time"}) data.erase(envelope);
        target = std::make_shared<const json>(std::move(data));
        active.changed = true;
    } else if (name == "done") {
        active.end = ActiveJob::End::kDone;
    } else if (name == "aborted") {
        active.end = ActiveJob::End::kAborted;
    } else if (name == "failed") {
        active.end = ActiveJob::End::kFailed;
        active.end_error = parse_task_error(event);
    } else {
        relay(active, name, event);
    }
}

}  // namespace

double unix_time() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void change_state(ActiveJob& active, JobState state, std::string reason) {
    auto& job = active.job;
    DIGITS_CHECK(can_change(job.state, state));
    const auto now = unix_time();
    job.state = state;
    job.history.push_back({state, now, std::move(reason)});
    job.wait_reason.clear();
    if (state == JobState::kRun) job.started = now;
    if (is_final(state)) {
        job.finished = now;
        job.pid = 0;
    }
    active.dirty = active.changed = active.urgent = true;
}

std::optional<std::int64_t> find_metrics_restart(const ActiveJob& active, const json& event) {
    if (!active.position.fresh_attempt || event.value("event", "") != "metrics") return std::nullopt;
    const auto seq = find_number<std::uint64_t>(event, "seq");
    const auto iteration = find_number<std::int64_t>(event, "iteration");
    if (!seq || *seq <= active.position.seq || !iteration) return std::nullopt;
    const bool overlaps = std::ranges::any_of(
        active.job.metrics, [&](const SeriesSummary& summary) { return summary.last.iteration >= *iteration; });
    return overlaps ? iteration : std::nullopt;
}

void restart_metrics(ActiveJob& active, std::int64_t iteration, const std::vector<MetricRow>& kept) {
    active.job.metrics.clear();
    for (const auto& row : kept) add_to_summary(active, row.series, row.point);
    active.metrics_restart = std::min(iteration, active.metrics_restart.value_or(iteration));
    active.position.fresh_attempt = false;
}

void apply_event(ActiveJob& active, const json& event) {
    const auto seq = find_number<std::uint64_t>(event, "seq");
    if (!seq || *seq <= active.position.seq) return;
    active.dirty = true;
    try {
        apply_known(active, event);
    } catch (const json::exception& e) {
        log_warning("job {}: event {} is not as the protocol has it: {}", active.job.id, *seq, e.what());
    }
    // A last event counts once the process has ended, too; until then a next manager has to read it again.
    if (active.end == ActiveJob::End::kNone) active.position.seq = *seq;
}

}  // namespace digits
