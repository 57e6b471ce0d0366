#include <nlohmann/json.hpp>

#include "api/jobs/job_pages.hpp"
#include "api/jobs/job_specs.hpp"
#include "api/jobs/job_view.hpp"
#include "api/jobs/model_framework.hpp"
#include "api/jobs/snapshot_choice.hpp"
#include "api/requests/all_faults.hpp"
#include "api/requests/conditional.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"

namespace digits::api {
namespace {

using http::Async;
using http::Request;
using http::Response;
using nlohmann::json;

/// The spec that the body has.
Async<Result<ModelSpec>> read_spec(const json& body, const Context& context, StartingPoint* start = nullptr) {
    if (!body.contains("spec")) co_return fail(make_error(ErrorCode::kInvalidArgument, "spec is missing").at("/spec"));
    co_return co_await checked_model_spec(body["spec"], context, start);
}

/// The answer to a spec that was refused.
Async<Result<Response>> refuse(Error error, json body, const Context& context) {
    SpecCheck check = [&context](const json& spec) -> Async<Status> {
        DIGITS_CO_TRY(co_await checked_model_spec(spec, context));
        co_return Status();
    };
    co_return co_await refuse_with_all_faults(std::move(error), std::move(body), std::move(check));
}

json text_or_null(const std::optional<std::string>& text) { return text ? json(*text) : json(); }

Async<Result<Response>> check(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto body, read_object(request, {"spec"}));
    StartingPoint start;
    const auto read = co_await read_spec(body, context, &start);
    if (!read) co_return co_await refuse(read.error(), body, context);
    const auto& spec = *read;
    DIGITS_CO_ASSIGN(const auto checked, co_await check_model_here(spec, context));
    const auto& found = checked.check;
    const auto texts = format_texts(found);
    json diagnostics = json::array();
    for (const auto& finding : found.findings) diagnostics.push_back(to_json(finding));
    co_return json_response(
        200, {{"ok", found.ok()},
              {"diagnostics", std::move(diagnostics)},
              {"train_val", text_or_null(texts.train_val)},
              {"deploy", text_or_null(texts.deploy)},
              {"solver", text_or_null(texts.solver)},
              {"network", spec.network.prototxt.empty() ? json() : json(spec.network.prototxt)},
              {"python_layers", spec.network.python_layers.empty() ? json() : json(spec.network.python_layers)},
              {"renamed", start.renamed}});
}

Async<Result<Response>> create(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto body, read_object(request, {"name", "group", "spec"}));
    DIGITS_CO_ASSIGN(auto name, text_member(body, "name", true));
    DIGITS_CO_ASSIGN(auto group, text_member(body, "group", false));
    const auto read = co_await read_spec(body, context);
    if (!read) co_return co_await refuse(read.error(), body, context);
    const auto& spec = *read;
    DIGITS_CO_ASSIGN(auto job, co_await model_job(spec, context));
    job.name = std::move(name);
    job.group = std::move(group);
    co_return submit_job(std::move(job), request, context);
}

/// The last snapshot's solver state is what a training goes on from.
Status check_can_go_on(const Job& job, const Context& context) {
    DIGITS_ASSIGN(const auto snapshots, list_snapshots(job, context));
    if (!snapshots.empty() && !snapshots.back().state.empty()) return {};
    return fail(make_error(ErrorCode::kFailedPrecondition, "{} has no snapshot with solver state to go on from", job.id)
                    .advise(snapshots.empty() ? "Train it first" : "Make another model that starts from its weights"));
}

Result<Response> extend(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    DIGITS_ASSIGN(const auto body, read_object(request, {"epochs"}));
    const auto more = body.value("epochs", json());
    if (!more.is_number() || !(more.get<double>() > 0))
        return fail(
            make_error(ErrorCode::kInvalidArgument, "epochs must be a number above 0: how many more").at("/epochs"));
    if (!is_final(job.state))
        return fail(ErrorCode::kFailedPrecondition, "{} is in state {}; only a training that has ended can be extended",
                    job.id, enum_name(job.state));
    DIGITS_TRY(check_can_go_on(job, context));
    DIGITS_ASSIGN(auto spec, parse_stored_model_spec(*job.spec));
    const double before = spec.epochs;
    spec.epochs += more.get<double>();
    const auto longer = parse_model_spec(to_json(spec));
    if (!longer) return fail(Error(longer.error()).at("/epochs"));
    DIGITS_ASSIGN(const auto extended,
                  context.jobs.extend(job.id, std::make_shared<const json>(to_json(spec)),
                                      fmt::format("extended from {} to {} epochs", before, spec.epochs)));
    return json_response(202, job_view(extended, Detail::kFull));
}

Result<Response> show(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    DIGITS_ASSIGN(const auto snapshots, model_snapshots(job, context));
    json view{{"job", job_view(job, Detail::kFull)},
              {"dataset", nullptr},
              {"network", job.network ? *job.network : json()},
              {"snapshots", snapshots_view(snapshots)},
              {"files", json::array()},
              {"framework", framework_name(*job.spec)}};
    if (!job.parents.empty())
        if (const auto dataset = context.jobs.get(job.parents.front()); dataset && dataset->result)
            view["dataset"] = *dataset->result;
    DIGITS_ASSIGN(const auto* framework, framework_of(job));
    for (const auto& file : framework->readable_files())
        if (std::filesystem::exists(context.jobs.job_dir(job.id) / file)) view["files"].push_back(file);
    auto response = json_response(200, view);
    tag_job(response, job);
    return response;
}

}  // namespace

void register_models(http::Router& router, Context& context) {
    const http::RouteOptions body{kMaxBody_bytes};
    router.add("GET", "/api/v1/models", [&](const Request& request) { return list_jobs(request, context, "model"); });
    router.add("POST", "/api/v1/models", [&](const Request& request) { return create(request, context); }, body);
    router.add("POST", "/api/v1/models/check", [&](const Request& request) { return check(request, context); }, body);
    router.add(
        "POST", "/api/v1/models/{id}/extend", [&](const Request& request) { return extend(request, context); }, body);
    router.add("GET", "/api/v1/models/{id}", [&](const Request& request) { return show(request, context); });
}

}  // namespace digits::api
