#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/jobs/dataset_result.hpp"
#include "api/jobs/job_pages.hpp"
#include "api/jobs/job_view.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"
#include "data/exports/export_spec.hpp"

namespace digits::api {
namespace {

using http::Request;
using http::Response;
using nlohmann::json;

/// A worker writes it, once the dataset is done.
Result<Response> create(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto dataset, route_job(request, context.jobs, "dataset"));
    DIGITS_ASSIGN(auto body, read_object(request, {"name", "format", "folder"}));
    DIGITS_ASSIGN(auto name, text_member(body, "name", false));
    body.erase("name");
    body["dataset_id"] = dataset.id;
    DIGITS_ASSIGN(const auto spec, parse_export_spec(body));
    if (const auto facts = find_dataset_facts(dataset)) DIGITS_TRY(check_export(spec, *facts));
    JobRequest job;
    job.kind = "export";
    job.name = name.empty() ? fmt::format("{}: {}", dataset.name.substr(0, 150), spec.kind->title) : std::move(name);
    job.parents = {dataset.id};
    job.spec = std::make_shared<const json>(to_json(spec));
    return submit_job(std::move(job), request, context);
}

/// The formats that can hold the dataset, and the exports that there are, newest first.
Result<Response> list(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto dataset, route_job(request, context.jobs, "dataset"));
    const auto facts = find_dataset_facts(dataset);
    auto formats = json::array();
    for (const auto* format : export_formats().all())
        if (facts && format->can_hold(*facts))
            formats.push_back({{"name", format->name}, {"title", format->title}, {"help", format->help}});
    DIGITS_ASSIGN(const auto ids, context.jobs.dependents(dataset.id));
    std::vector<Job> jobs;
    for (const auto& id : ids) {
        auto job = context.jobs.get(id);
        if (job && job->kind == "export") jobs.push_back(std::move(*job));
    }
    std::ranges::sort(jobs, std::greater(), [](const Job& job) { return std::pair(job.created, job.id); });
    auto items = json::array();
    for (const auto& job : jobs) items.push_back(job_view(job, Detail::kFull));
    return json_response(200, {{"formats", std::move(formats)}, {"items", std::move(items)}});
}

}  // namespace

void register_exports(http::Router& router, Context& context) {
    const http::RouteOptions body{kMaxBody_bytes};
    router.add("GET", "/api/v1/datasets/{id}/exports", [&](const Request& request) { return list(request, context); });
    router.add(
        "POST", "/api/v1/datasets/{id}/export", [&](const Request& request) { return create(request, context); }, body);
}

}  // namespace digits::api
