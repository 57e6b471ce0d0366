#include "jobs/job.hpp"

#include <nlohmann/json.hpp>

#include "base/ids.hpp"

namespace digits {

namespace {

using nlohmann::json;

json point_to_json(const MetricPoint& point) {
    return {{"iteration", point.iteration}, {"epoch", point.epoch}, {"value", point.value}};
}

MetricPoint point_from_json(const json& data) {
    return {data.at("iteration").get<std::int64_t>(), data.at("epoch").get<double>(), data.at("value").get<double>()};
}

json progress_to_json(const JobProgress& progress) {
    json data{{"step", progress.step}, {"unit", progress.unit}, {"done", progress.done}};
    data["elapsed_s"] = progress.elapsed_s;
    if (progress.total) data["total"] = *progress.total;
    if (progress.rate) data["rate"] = *progress.rate;
    if (progress.eta_s) data["eta_s"] = *progress.eta_s;
    return data;
}

json error_to_json(const JobError& error) {
    return {{"code", enum_name(error.error.code)},
            {"message", error.error.message},
            {"where", error.error.where},
            {"advice", error.error.advice},
            {"log_tail", error.log_tail}};
}

template <class T>
std::optional<T> find_member(const json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) return std::nullopt;
    return found->get<T>();
}

JobProgress progress_from_json(const json& data) {
    JobProgress progress;
    progress.step = data.value("step", "");
    progress.unit = data.value("unit", "");
    progress.done = data.value("done", std::uint64_t{0});
    progress.elapsed_s = data.value("elapsed_s", 0.0);
    progress.total = find_member<std::uint64_t>(data, "total");
    progress.rate = find_member<double>(data, "rate");
    progress.eta_s = find_member<double>(data, "eta_s");
    return progress;
}

JobError error_from_json(const json& data) {
    JobError error;
    error.error.code = find_enum<ErrorCode>(data.value("code", "")).value_or(ErrorCode::kInternal);
    error.error.message = data.value("message", "");
    error.error.where = data.value("where", "");
    error.error.advice = data.value("advice", "");
    error.log_tail = data.value("log_tail", "");
    return error;
}

JsonPtr document(const json& data, const char* name) {
    const auto found = data.find(name);
    return found == data.end() || found->is_null() ? nullptr : std::make_shared<const json>(*found);
}

JobState state_from_json(const json& data) {
    const auto word = data.at("state").get<std::string>();
    const auto state = find_enum<JobState>(word);
    if (!state) throw json::other_error::create(599, "\"" + word + "\" is not a state", &data);
    return *state;
}

Job read_job(const json& data) {
    Job job;
    job.id = data.at("id").get<std::string>();
    job.kind = data.at("kind").get<std::string>();
    job.name = data.at("name").get<std::string>();
    job.group = data.value("group", "");
    job.notes = data.value("notes", "");
    job.owner = data.value("owner", "");
    job.spec = std::make_shared<const json>(data.value("spec", json::object()));
    job.parents = data.value("parents", std::vector<std::string>{});
    job.state = state_from_json(data);
    job.wait_reason = data.value("wait_reason", "");
    job.abort_requested = data.value("abort_requested", false);
    job.created = data.value("created", 0.0);
    job.started = data.value("started", 0.0);
    job.finished = data.value("finished", 0.0);
    job.trashed = data.value("trashed", 0.0);
    for (const auto& change : data.value("history", json::array()))
        job.history.push_back({state_from_json(change), change.value("time", 0.0), change.value("reason", "")});
    job.attempt = data.value("attempt", 0);
    job.pid = data.value("pid", 0);
    job.device = data.value("device", "");
    if (const auto progress = document(data, "progress")) job.progress = progress_from_json(*progress);
    for (const auto& entry : data.value("metrics", json::array())) {
        SeriesSummary summary{entry.at("series").get<std::string>(), point_from_json(entry.at("last")), {}};
        if (const auto best = document(entry, "best")) summary.best = point_from_json(*best);
        job.metrics.push_back(std::move(summary));
    }
    job.warnings = data.value("warnings", std::vector<std::string>{});
    job.network = document(data, "network");
    job.result = document(data, "result");
    if (const auto error = document(data, "error")) job.error = error_from_json(*error);
    return job;
}

}  // namespace

json job_to_json(const Job& job) {
    json data{{"format", 1},
              {"id", job.id},
              {"kind", job.kind},
              {"name", job.name},
              {"group", job.group},
              {"notes", job.notes},
              {"owner", job.owner},
              {"spec", job.spec ? *job.spec : json::object()},
              {"parents", job.parents},
              {"state", enum_name(job.state)},
              {"wait_reason", job.wait_reason},
              {"abort_requested", job.abort_requested},
              {"created", job.created},
              {"started", job.started},
              {"finished", job.finished},
              {"trashed", job.trashed},
              {"attempt", job.attempt},
              {"pid", job.pid},
              {"device", job.device}};
    data["history"] = json::array();
    for (const auto& change : job.history)
        data["history"].push_back(
            {{"state", enum_name(change.state)}, {"time", change.time}, {"reason", change.reason}});
    data["progress"] = job.progress ? progress_to_json(*job.progress) : json(nullptr);
    data["metrics"] = json::array();
    for (const auto& summary : job.metrics)
        data["metrics"].push_back({{"series", summary.series},
                                   {"last", point_to_json(summary.last)},
                                   {"best", summary.best ? point_to_json(*summary.best) : json(nullptr)}});
    data["warnings"] = job.warnings;
    data["network"] = job.network ? *job.network : json(nullptr);
    data["result"] = job.result ? *job.result : json(nullptr);
    data["error"] = job.error ? error_to_json(*job.error) : json(nullptr);
    return data;
}

Result<Job> job_from_json(const json& data) {
    try {
        if (data.value("format", 0) != 1)
            return fail(ErrorCode::kUnsupported, "the format of the job must be 1; got {}", data.value("format", 0));
        auto job = read_job(data);
        if (!is_job_id(job.id)) return fail(ErrorCode::kInvalidArgument, "\"{}\" is not a job id", job.id);
        return job;
    } catch (const json::exception& e) {
        return fail(ErrorCode::kInvalidArgument, "the job cannot be read: {}", e.what());
    }
}

}  // namespace digits
