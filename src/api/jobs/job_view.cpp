#include "api/jobs/job_view.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

#include "api/jobs/judge.hpp"
#include "models/model_spec.hpp"
#include "tasks/diverged.hpp"

namespace digits::api {
namespace {

using nlohmann::json;

json number(double value) { return std::isfinite(value) ? json(value) : json(); }

json progress_view(const Job& job) {
    if (!job.progress) return nullptr;
    const auto& progress = *job.progress;
    json view{{"step", progress.step}, {"unit", progress.unit}, {"done", progress.done}};
    view["total"] = progress.total ? json(*progress.total) : json();
    view["rate"] = progress.rate ? number(*progress.rate) : json();
    view["eta_s"] = progress.eta_s ? number(*progress.eta_s) : json();
    view["fraction"] =
        progress.total && *progress.total > 0
            ? json(std::clamp(static_cast<double>(progress.done) / static_cast<double>(*progress.total), 0.0, 1.0))
            : json();
    return view;
}

bool diverged(const Job& job) {
    return job.kind == "model" && job.state == JobState::kError && job.error && has_diverged(job.error->error);
}

/// A training that diverged would diverge again: it is cloned with a tenth of its learning rate instead.
json lower_rate(const Job& job) {
    if (!diverged(job)) return nullptr;
    const auto spec = parse_model_spec(*job.spec);
    // 0.1 times 0.003 is 0.00030000000000000003.
    return spec ? json(std::strtod(fmt::format("{:.12g}", spec->solver.base_lr / 10).c_str(), nullptr)) : json();
}

json actions_view(const Job& job) {
    const bool ended = is_final(job.state);
    json actions{{"abort", !ended && !job.abort_requested},
                 {"resume", (job.state == JobState::kAbort || job.state == JobState::kError) && !diverged(job)},
                 {"extend", job.kind == "model" && ended && job.attempt > 0},
                 {"delete", ended},
                 {"snapshot", job.kind == "model" && job.state == JobState::kRun}};
    // Of few jobs; a page of the list has hundreds.
    if (const auto rate = lower_rate(job); !rate.is_null()) actions["clone_with_base_lr"] = rate;
    return actions;
}

const SeriesSummary* find_series(const Job& job, const std::string& name) {
    const auto found = std::ranges::find(job.metrics, name, &SeriesSummary::series);
    return found == job.metrics.end() ? nullptr : &*found;
}

/// Networks compute in fp32, of which nine digits say all; as a double, 0.1F has seventeen.
double nine_digits(double value) { return std::strtod(fmt::format("{:.9g}", value).c_str(), nullptr); }

/// Names of the values of `best` that are the better the lower they are.
json falling_values(const Job& job) {
    json names = json::array();
    for (const auto& summary : job.metrics)
        if (summary.best && lower_is_better(job, summary.series.substr(4))) names.push_back(summary.series.substr(4));
    return names;
}

}  // namespace

json time_view(double unix_seconds) {
    if (unix_seconds <= 0) return nullptr;
    const auto milliseconds = static_cast<std::int64_t>(std::llround(unix_seconds * 1000));
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(milliseconds / 1000)),
                       milliseconds % 1000);
}

json best_view(const Job& job) {
    const auto metric = judging_metric(job);
    const auto* judge = metric ? find_series(job, series_of(*metric)) : nullptr;
    if (!judge || !judge->best) return nullptr;
    json view{{"iteration", judge->best->iteration}, {"epoch", judge->best->epoch}};
    for (const auto& summary : job.metrics)
        if (summary.series.starts_with("val/") && summary.best)
            view[summary.series.substr(4)] = number(summary.best->value);
    return view;
}

json error_view(const Error& error) {
    return {
        {"code", enum_name(error.code)}, {"message", error.message}, {"where", error.where}, {"advice", error.advice}};
}

json job_view(const Job& job, Detail detail) {
    json view{{"id", job.id},
              {"kind", job.kind},
              {"name", job.name},
              {"group", job.group},
              {"notes", job.notes},
              {"owner", job.owner},
              {"state", enum_name(job.state)},
              {"created_at", time_view(job.created)},
              {"started_at", time_view(job.started)},
              {"finished_at", time_view(job.finished)},
              {"progress", progress_view(job)},
              {"error", nullptr},
              {"parents", job.parents},
              {"best", best_view(job)},
              {"last", json::object()},
              {"actions", actions_view(job)}};
    if (job.error) {
        auto error = job.error->error;
        if (!job.error->log_tail.empty()) error.message += "\nThe end of its log:\n" + job.error->log_tail;
        if (has_diverged(error)) error.where.clear();  // for people, `advice` and `actions` say it
        view["error"] = error_view(error);
    }
    for (const auto& summary : job.metrics) view["last"][summary.series] = number(summary.last.value);
    if (detail == Detail::kFull) {
        view["spec"] = *job.spec;
        view["warnings"] = job.warnings;
        view["lower_is_better"] = falling_values(job);
        view["result"] = job.result ? *job.result : json();
    }
    return view;
}

std::string job_row(const Job& job) {
    auto view = job_view(job, Detail::kBrief);
    for (const auto* member : {"last", "best"})
        for (auto& value : view[member])
            if (value.is_number_float()) value = nine_digits(value.get<double>());
    return view.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string digits_status(JobState state) {
    switch (state) {
        case JobState::kInit: return "Initialized";
        case JobState::kWait: return "Waiting";
        case JobState::kRun: return "Running";
        case JobState::kDone: return "Done";
        case JobState::kAbort: return "Aborted";
        case JobState::kError: return "Error";
    }
    return "";
}

std::string digits_time(double unix_seconds) {
    const auto microseconds = static_cast<std::int64_t>(std::llround(unix_seconds * 1e6));
    return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:06}", fmt::localtime(static_cast<std::time_t>(microseconds / 1'000'000)),
                       microseconds % 1'000'000);
}

std::uint64_t snapshot_bytes(const std::filesystem::path& dir, const std::string& weights, const std::string& state) {
    std::uint64_t bytes = 0;
    for (const auto* name : {&weights, &state}) {
        std::error_code error;
        const auto size = name->empty() ? 0 : std::filesystem::file_size(dir / *name, error);
        if (!error) bytes += size;
    }
    return bytes;
}

}  // namespace digits::api
