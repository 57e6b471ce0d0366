#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/jobs/job_pages.hpp"
#include "api/jobs/job_view.hpp"
#include "api/jobs/snapshot_choice.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"
#include "base/field_facts.hpp"
#include "base/secrets_file.hpp"
#include "models/publish_spec.hpp"

namespace digits::api {
namespace {

using http::Request;
using http::Response;
using nlohmann::json;

/// A worker exports the snapshot and puts it into the repository.
Result<Response> create(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto model, route_job(request, context.jobs, "model"));
    DIGITS_ASSIGN(const auto body, read_object(request, {"spec"}));
    auto spec = parse_publish_spec(body.value("spec", json::object()));
    if (!spec) return fail(within(std::move(spec).error(), "/spec"));
    if (model.parents.empty())
        return fail(ErrorCode::kFailedPrecondition, "{} has no dataset, so its classes are not known", model.id);
    DIGITS_ASSIGN(const auto snapshot, snapshot_named(spec->snapshot, "/spec/snapshot", model, context));
    spec->snapshot = std::to_string(snapshot.iteration);
    if (spec->name.empty()) spec->name = model.id;
    JobRequest job;
    job.kind = "publication";
    job.name = fmt::format("{}: {}", model.name.substr(0, 100), spec->repository.substr(0, 90));
    job.parents = {model.id, model.parents.front()};
    // A training that goes on may remove the snapshot before the job's turn comes.
    job.files.push_back({"", context.jobs.job_dir(model.id) / snapshot.weights, snapshot.weights});
    auto kept = to_json(*spec);
    if (const auto secrets = take_secrets(kept, publish_fields()); !secrets.empty())
        job.files.push_back({"", {}, kSecretsFile, secrets.dump()});
    job.spec = std::make_shared<const json>(std::move(kept));
    return submit_job(std::move(job), request, context);
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
