#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/jobs/archive_response.hpp"
#include "api/jobs/job_pages.hpp"
#include "api/jobs/job_view.hpp"
#include "api/jobs/snapshot_choice.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"
#include "base/field_facts.hpp"
#include "base/secrets_file.hpp"
#include "models/inference_server.hpp"
#include "models/publish_spec.hpp"

namespace digits::api {
namespace {

using http::Async;
using http::Request;
using http::Response;
using nlohmann::json;

/// The files that a job of publishing to an inference server needs: the archive as it is now.
Async<Status> add_archive(JobRequest& job, const Job& model, const SnapshotEntry& snapshot, const PublishSpec& spec,
                          std::shared_ptr<http::TemporaryFile>& archive, const Context& context) {
    DIGITS_CO_ASSIGN(archive, co_await archive_file(model, snapshot, to_json(spec.facts), context));
    job.files.push_back({"", archive->path(), kSentArchive});
    co_return Status();
}

/// A worker exports the snapshot and puts it into the repository, or sends its archive to an inference server.
Async<Result<Response>> create(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto model, route_job(request, context.jobs, "model"));
    DIGITS_CO_ASSIGN(const auto body, read_object(request, {"spec"}));
    auto spec = parse_publish_spec(body.value("spec", json::object()));
    if (!spec) co_return fail(within(std::move(spec).error(), "/spec"));
    if (model.parents.empty())
        co_return fail(ErrorCode::kFailedPrecondition, "{} has no dataset, so its classes are not known", model.id);
    DIGITS_CO_ASSIGN(const auto snapshot, snapshot_named(spec->snapshot, "/spec/snapshot", model, context));
    spec->snapshot = std::to_string(snapshot.iteration);
    if (spec->name.empty()) spec->name = plain_model_name(model.name, model.id);
    const auto& place = spec->inference_server.empty() ? spec->repository : spec->inference_server;
    JobRequest job;
    job.kind = "publication";
    job.name = fmt::format("{}: {}", model.name.substr(0, 100), place.substr(0, 90));
    job.parents = {model.id, model.parents.front()};
    std::shared_ptr<http::TemporaryFile> archive;
    if (!spec->inference_server.empty())
        DIGITS_CO_TRY(co_await add_archive(job, model, snapshot, *spec, archive, context));
    else  // a training that goes on may remove the snapshot before the job's turn comes
        job.files.push_back({"", context.jobs.job_dir(model.id) / snapshot.weights, snapshot.weights});
    auto kept = to_json(*spec);
    if (const auto secrets = take_secrets(kept, publish_fields()); !secrets.empty())
        job.files.push_back({"", {}, kSecretsFile, secrets.dump()});
    job.spec = std::make_shared<const json>(std::move(kept));
    co_return submit_job(std::move(job), request, context);
}

/// Newest first.
Result<Response> list(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto model, route_job(request, context.jobs, "model"));
    DIGITS_ASSIGN(const auto ids, context.jobs.dependents(model.id));
    std::vector<Job> jobs;
    for (const auto& id : ids) {
        auto job = context.jobs.get(id);
        if (job && job->kind == "publication") jobs.push_back(std::move(*job));
    }
    std::ranges::sort(jobs, std::greater(), [](const Job& job) { return std::pair(job.created, job.id); });
    auto items = json::array();
    for (const auto& job : jobs) items.push_back(job_view(job, Detail::kFull));
    return json_response(200, {{"items", std::move(items)}});
}

}  // namespace

void register_publications(http::Router& router, Context& context) {
    const http::RouteOptions body{kMaxBody_bytes};
    router.add("GET", "/api/v1/models/{id}/publications",
               [&](const Request& request) { return list(request, context); });
    router.add(
        "POST", "/api/v1/models/{id}/publications", [&](const Request& request) { return create(request, context); },
        body);
}

}  // namespace digits::api
