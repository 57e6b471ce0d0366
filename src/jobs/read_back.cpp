#include "jobs/read_back.hpp"

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/grant.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "jobs/active_job.hpp"
#include "jobs/event_log.hpp"

namespace digits {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::size_t kReadLimit_bytes = 1 << 20;

Result<Job> read_job(const fs::path& folder) {
    DIGITS_ASSIGN(const auto text, read_file(folder / "job.json"));
    const auto data = json::parse(text, nullptr, false);
    if (!data.is_object())
        return fail(make_error(ErrorCode::kDataLoss, "expected a JSON object").at((folder / "job.json").string()));
    DIGITS_ASSIGN(auto job, job_from_json(data));
    json spec = *job.spec;
    take_old_grant(spec);
    job.spec = std::make_shared<const json>(std::move(spec));
    if (job.id != folder.filename()) return fail(ErrorCode::kDataLoss, "{} holds the job {}", folder.string(), job.id);
    return job;
}

/// An ended job, with what its event log tells beyond job.json. Points: the last of each series and iteration counts.
Result<WriteBatch> read_ended(Job job, const JobKind& kind, const fs::path& events_file) {
    ActiveJob active;
    active.kind = &kind;
    active.job = job;
    active.job.metrics.clear();
    EventLogReader reader(events_file, 0);
    do {
        DIGITS_ASSIGN(const auto events, reader.read(kReadLimit_bytes));
        for (const auto& event : events) {
            if (const auto restart = find_metrics_restart(active, event)) {
                std::erase_if(active.metrics, [&](const MetricRow& row) { return row.point.iteration >= *restart; });
                restart_metrics(active, *restart, active.metrics);
            }
            apply_event(active, event);
        }
    } while (reader.has_more());
    active.position.offset = reader.offset();
    job.metrics = std::move(active.job.metrics);
    WriteBatch batch;
    batch.jobs = {{std::move(job), active.position}};
    batch.metrics = std::move(active.metrics);
    return batch;
}

Status read_folder(const fs::path& folder, JobStore& store, const JobKinds& kinds) {
    DIGITS_ASSIGN(auto job, read_job(folder));
    const auto* kind = kinds.find(job.kind);
    if (!is_final(job.state) || !kind) {
        // The manager takes it up and reads its events from the start.
        job.metrics.clear();
        WriteBatch batch;
        batch.jobs = {{std::move(job), {}}};
        return store.write(batch);
    }
    DIGITS_ASSIGN(const auto batch,
                  read_ended(std::move(job), *kind, folder / "tasks" / kind->worker_kind / "events.jsonl"));
    return store.write(batch);
}

}  // namespace

Status read_back_jobs(const fs::path& jobs_dir, JobStore& store, const JobKinds& kinds) {
    DIGITS_ASSIGN(const auto known, store.ids());
    if (!known.empty()) return {};
    int count = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(jobs_dir, error)) {
        if (!is_job_id(entry.path().filename().string()) || !fs::exists(entry.path() / "job.json", error)) continue;
        if (const auto read = read_folder(entry.path(), store, kinds); read) {
            ++count;
        } else {
            log_warning("{} is left alone: {}", entry.path().string(), read.error().to_string());
        }
    }
    if (count > 0) log_info("{} jobs were read back from their folders", count);
    return {};
}

}  // namespace digits
