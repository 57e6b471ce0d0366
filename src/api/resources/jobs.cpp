#include <nlohmann/json.hpp>

#include "api/jobs/job_kinds.hpp"
#include "api/jobs/job_pages.hpp"
#include "api/jobs/job_view.hpp"
#include "api/requests/conditional.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"
#include "base/ids.hpp"

namespace digits::api {
namespace {

using http::Request;
using http::Response;
using nlohmann::json;

Result<Response> show(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs));
    auto response = json_response(200, job_view(job, Detail::kFull));
    tag_job(response, job);
    return response;
}

Result<Response> edit(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto before, route_job(request, context.jobs));
    DIGITS_ASSIGN(const auto body, read_object(request, {"name", "group", "notes"}));
    if (body.empty())
        return fail(
            make_error(ErrorCode::kInvalidArgument, "there is nothing to change; give name, group or notes").at("/"));
    JobEdit edit;
    for (const auto& [member, target, most] :
         {std::tuple{"name", &edit.name, 200U}, {"group", &edit.group, 200U}, {"notes", &edit.notes, 100'000U}}) {
        if (!body.contains(member)) continue;
        DIGITS_ASSIGN(auto text, text_member(body, member, true));
        if (text.size() > most)
            return fail(
                make_error(ErrorCode::kInvalidArgument, "{} may have {} bytes, got {}", member, most, text.size())
                    .at(std::string("/") + member));
        *target = std::move(text);
    }
    DIGITS_ASSIGN(const auto job, context.jobs.edit(before.id, edit));
    auto response = json_response(200, job_view(job, Detail::kFull));
    tag_job(response, job);
    return response;
}

Result<Response> remove(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs));
    const auto* purge = request.find_query("purge");
    DIGITS_TRY(purge && *purge == "true" ? context.jobs.remove(job.id) : context.jobs.trash(job.id));
    return Response::empty(204);
}

Result<Response> restore(const Request& request, Context& context) {
    const auto& id = request.param("id");
    if (!is_job_id(id)) return fail(ErrorCode::kNotFound, "there is no job {}", id.substr(0, 60));
    DIGITS_ASSIGN(const auto job, context.jobs.restore(id));
    return json_response(200, job_view(job, Detail::kFull));
}

Result<Response> act(const Request& request, Context& context, Result<Job> (JobManager::*action)(std::string_view)) {
    DIGITS_ASSIGN(const auto before, route_job(request, context.jobs));
    DIGITS_ASSIGN(const auto job, (context.jobs.*action)(before.id));
    return json_response(202, job_view(job, Detail::kFull));
}

Result<Response> snapshot(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs));
    DIGITS_TRY(context.jobs.command(job.id, kSnapshotCommand));
    return json_response(202, job_view(job, Detail::kFull));
}

Result<Response> log(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs));
    DIGITS_ASSIGN(const auto bytes, query_number(request, "bytes", 64 << 10, 1, 16 << 20));
    DIGITS_ASSIGN(auto text, context.jobs.log_tail(job.id, static_cast<std::size_t>(bytes)));
    return Response::bytes(200, "text/plain; charset=utf-8", std::move(text));
}

}  // namespace

void register_jobs(http::Router& router, Context& context) {
    const http::RouteOptions small{kMaxBody_bytes};
    router.add("GET", "/api/v1/jobs", [&](const Request& request) { return list_jobs(request, context, ""); });
    router.add("GET", "/api/v1/jobs/{id}", [&](const Request& request) { return show(request, context); });
    router.add("PATCH", "/api/v1/jobs/{id}", [&](const Request& request) { return edit(request, context); }, small);
    router.add("DELETE", "/api/v1/jobs/{id}", [&](const Request& request) { return remove(request, context); });
    router.add("POST", "/api/v1/jobs/{id}/restore", [&](const Request& request) { return restore(request, context); });
    router.add("POST", "/api/v1/jobs/{id}/abort",
               [&](const Request& request) { return act(request, context, &JobManager::abort); });
    router.add("POST", "/api/v1/jobs/{id}/resume",
               [&](const Request& request) { return act(request, context, &JobManager::resume); });
    router.add("POST", "/api/v1/jobs/{id}/snapshot",
               [&](const Request& request) { return snapshot(request, context); });
    router.add("GET", "/api/v1/jobs/{id}/log", [&](const Request& request) { return log(request, context); });
}

}  // namespace digits::api
