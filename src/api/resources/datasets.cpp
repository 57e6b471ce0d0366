#include <nlohmann/json.hpp>

#include "api/conditional.hpp"
#include "api/job_pages.hpp"
#include "api/job_specs.hpp"
#include "api/job_view.hpp"
#include "api/messages.hpp"
#include "api/resources.hpp"
#include "data/builder.hpp"

namespace digits::api {
namespace {

using http::Request;
using http::Response;
using nlohmann::json;

/// The spec that the body has.
Result<DatasetSpec> read_spec(const json& body, const Context& context) {
    if (!body.contains("spec")) return fail(make_error(ErrorCode::kInvalidArgument, "spec is missing").at("/spec"));
    return checked_dataset_spec(body["spec"], context);
}

Result<Response> create(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto body, read_object(request, {"name", "group", "spec"}));
    DIGITS_ASSIGN(auto name, text_member(body, "name", true));
    DIGITS_ASSIGN(auto group, text_member(body, "group", false));
    DIGITS_ASSIGN(const auto spec, read_spec(body, context));
    auto job = dataset_job(spec);
    job.name = std::move(name);
    job.group = std::move(group);
    return submit_job(std::move(job), request, context);
}

Result<Response> scan(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto body, read_object(request, {"spec"}));
    DIGITS_ASSIGN(const auto spec, read_spec(body, context));
    if (spec.source.type == SourceType::kMnist)
        return fail(make_error(ErrorCode::kUnsupported, "MNIST's files are unpacked when the dataset is made")
                        .at("/spec/source/type"));
    auto found = scan_dataset(spec);
    if (!found) return fail(within(found.error(), "/spec"));
    json view;
    for (const auto* member : {"labels", "splits", "warnings"}) view[member] = found->value(member, json::array());
    return json_response(200, view);
}

Result<Response> show(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "dataset"));
    auto response =
        json_response(200, {{"job", job_view(job, Detail::kFull)}, {"dataset", job.result ? *job.result : json()}});
    tag_job(response, job);
    return response;
}

}  // namespace

void register_datasets(http::Router& router, Context& context) {
    const http::RouteOptions body{kMaxBody_bytes};
    router.add("GET", "/api/v1/datasets",
               [&](const Request& request) { return list_jobs(request, context, "dataset"); });
    router.add("POST", "/api/v1/datasets", [&](const Request& request) { return create(request, context); }, body);
    router.add("POST", "/api/v1/datasets/scan", [&](const Request& request) { return scan(request, context); }, body);
    router.add("GET", "/api/v1/datasets/{id}", [&](const Request& request) { return show(request, context); });
}

}  // namespace digits::api
