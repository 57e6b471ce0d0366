#include <nlohmann/json.hpp>

#include "api/jobs/archive_response.hpp"
#include "api/jobs/snapshot_choice.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"

namespace digits::api {
namespace {

using http::Async;
using http::Request;
using http::Response;
using nlohmann::json;

Result<Response> list(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    DIGITS_ASSIGN(const auto snapshots, model_snapshots(job, context));
    return json_response(200, {{"items", snapshots_view(snapshots)}});
}

Async<Result<Response>> archive(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    DIGITS_CO_ASSIGN(const auto snapshot, choose_snapshot(request, job, context));
    co_return co_await archive_response(job, snapshot, ArchiveFormat::kTarGz, context);
}

}  // namespace

void register_snapshots(http::Router& router, Context& context) {
    router.add("GET", "/api/v1/models/{id}/snapshots", [&](const Request& request) { return list(request, context); });
    router.add("GET", "/api/v1/models/{id}/archive", [&](const Request& request) { return archive(request, context); });
}

}  // namespace digits::api
