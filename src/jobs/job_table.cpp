#include "jobs/job_table.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/log.hpp"

namespace digits {
namespace {

using nlohmann::json;

constexpr auto kFlushInterval = std::chrono::milliseconds(200);

JsonPtr shared(json data) { return std::make_shared<const json>(std::move(data)); }

}  // namespace

Error no_such_job(std::string_view id) { return make_error(ErrorCode::kNotFound, "there is no job {}", id); }

JobTable::JobTable(JobStore& store, const JobKinds& kinds, std::filesystem::path jobs_dir, std::int64_t last_event_id)
    : store_(store), kinds_(kinds), jobs_dir_(std::move(jobs_dir)), last_event_id_(last_event_id) {}

ActiveJob* JobTable::find(std::string_view id) const {
    const auto found = jobs_.find(id);
    return found == jobs_.end() ? nullptr : found->second.get();
}

Result<ActiveJob*> JobTable::load(std::string_view id) {
    DIGITS_ASSIGN(auto* active, load_any(id));
    if (active->job.trashed == 0) return active;
    forget_if_ended(id);
    return fail(no_such_job(id));
}

Result<ActiveJob*> JobTable::load_any(std::string_view id) {
    if (auto* active = find(id)) return active;
    DIGITS_ASSIGN(auto stored, store_.find(id));
    if (!stored) return fail(no_such_job(id));
    return &add(std::move(*stored));
}

Result<Job> JobTable::get(std::string_view id) const {
    if (const auto* active = find(id); active && active->job.trashed == 0) return active->job;
    DIGITS_ASSIGN(auto stored, store_.find(id));
    if (!stored || stored->job.trashed > 0) return fail(no_such_job(id));
    return std::move(stored->job);
}

void JobTable::forget_if_ended(std::string_view id) {
    const auto found = jobs_.find(id);
    if (found != jobs_.end() && is_final(found->second->job.state) && !found->second->dirty) jobs_.erase(found);
}

ActiveJob& JobTable::add(StoredJob stored) {
    auto active = std::make_unique<ActiveJob>();
    active->job = std::move(stored.job);
    active->position = std::move(stored.position);
    active->kind = kinds_.find(active->job.kind);
    auto& added = *active;
    jobs_.emplace(added.job.id, std::move(active));
    return added;
}

void JobTable::discard(std::string_view id) {
    if (const auto found = jobs_.find(id); found != jobs_.end()) jobs_.erase(found);
    std::erase_if(batch_.keys, [&](const auto& kept) { return kept.job_id == id; });
    std::erase_if(batch_.jobs, [&](const auto& stored) { return stored.job.id == id; });
    std::erase_if(batch_.events, [&](const auto& event) { return event.job_id == id; });
}

// ------------------------------------------------------------------------------------------------ events of workers

void JobTable::fold(ActiveJob& active, const std::vector<json>& events, std::uint64_t offset) {
    for (const auto& event : events) fold_one(active, event);
    // A last event has to be read again by a next manager: it counts once the task has ended, too.
    if (active.end == ActiveJob::End::kNone) active.position.offset = offset;
}

void JobTable::fold_one(ActiveJob& active, const json& event) {
    if (const auto restart = find_metrics_restart(active, event)) {
        const auto is_void = [&](const MetricRow& row) {
            return row.job_id == active.job.id && row.point.iteration >= *restart;
        };
        std::erase_if(batch_.metrics, is_void);
        std::erase_if(active.metrics, is_void);
        std::vector<MetricRow> kept;
        if (const auto stored = store_.metrics(active.job.id, {}))
            for (const auto& series : *stored)
                for (const auto& point : series.points) kept.push_back({active.job.id, series.series, point});
        std::erase_if(kept, is_void);
        for (const auto* rows : {&batch_.metrics, &active.metrics})
            std::ranges::copy_if(*rows, std::back_inserter(kept),
                                 [&](const MetricRow& row) { return row.job_id == active.job.id; });
        restart_metrics(active, *restart, kept);
    }
    apply_event(active, event);
}

// --------------------------------------------------------------------------------------------------- the database

void JobTable::add_event(const std::string& job_id, std::string type, JsonPtr data) {
    batch_.events.push_back({++last_event_id_, unix_time(), job_id, std::move(type), std::move(data)});
}

void JobTable::add_key(RequestKey key, const std::string& job_id) {
    batch_.keys.push_back({std::move(key), job_id, unix_time()});
}

/// Moves what has changed of a job into the batch, with the events that tell it.
void JobTable::collect_changes(ActiveJob& active) {
    const auto& id = active.job.id;
    if (active.changed) add_event(id, "changed", shared(job_to_json(active.job)));
    if (active.progress_due && active.job.progress)
        add_event(id, "progress", shared(job_to_json(active.job)["progress"]));
    if (!active.metrics.empty() || active.metrics_restart) {
        json points = json::array();
        for (const auto& row : active.metrics)
            points.push_back({{"series", row.series},
                              {"iteration", row.point.iteration},
                              {"epoch", row.point.epoch},
                              {"value", row.point.value}});
        json data{{"points", std::move(points)}};
        if (active.metrics_restart) data["restart"] = *active.metrics_restart;
        add_event(id, "metrics", shared(std::move(data)));
    }
    for (auto& [name, data] : active.relayed) add_event(id, name, std::move(data));
    for (const auto& log : active.logs) add_event(id, "log", shared({{"level", log.level}, {"text", log.text}}));
    batch_.jobs.push_back({active.job, active.position});
    if (active.metrics_restart) batch_.drops.push_back({id, *active.metrics_restart});
    std::ranges::move(active.metrics, std::back_inserter(batch_.metrics));
    if (active.urgent) {
        const auto written =
            write_file_atomic(job_dir(id) / "job.json",
                              job_to_json(active.job).dump(2, ' ', false, json::error_handler_t::replace) + "\n");
        if (!written) log_warning("job {}: {}", id, written.error().to_string());
    }
    active.metrics.clear();
    active.relayed.clear();
    active.logs.clear();
    active.metrics_restart.reset();
    active.dirty = active.changed = active.urgent = active.progress_due = false;
}

Status JobTable::flush() {
    std::vector<std::string> ended;
    for (auto& [id, active] : jobs_) {
        if (active->dirty || active->changed) collect_changes(*active);
        if (is_final(active->job.state)) ended.push_back(id);
    }
    last_flush_ = Clock::now();
    if (const auto status = store_.write(batch_); !status) {
        log_error("{}", status.error().to_string());
        return status;
    }
    std::ranges::move(batch_.events, std::back_inserter(unpublished_));
    batch_ = {};
    for (const auto& id : ended) forget_if_ended(id);
    return {};
}

void JobTable::flush_if_due(Clock::time_point now, bool everything) {
    bool urgent = everything, due = !batch_.empty();
    for (const auto& [id, active] : jobs_) {
        urgent = urgent || active->urgent;
        due = due || active->dirty || active->changed || is_final(active->job.state);
    }
    // What could not be written is tried again after a while; flush has told why.
    if (urgent || (due && now >= last_flush_ + kFlushInterval)) [[maybe_unused]]
        const auto written = flush();
}

std::optional<JobTable::Clock::time_point> JobTable::next_flush() const {
    bool due = !batch_.empty();
    for (const auto& [id, active] : jobs_) due = due || active->dirty || active->changed;
    if (!due) return std::nullopt;
    return last_flush_ + kFlushInterval;
}

std::vector<JobEvent> JobTable::take_events() { return std::exchange(unpublished_, {}); }

}  // namespace digits
