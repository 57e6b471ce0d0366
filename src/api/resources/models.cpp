#include <nlohmann/json.hpp>

#include "api/job_pages.hpp"
#include "api/job_view.hpp"
#include "api/messages.hpp"
#include "api/resources.hpp"
#include "api/snapshot_choice.hpp"
#include "base/ids.hpp"
#include "base/safe_path.hpp"
#include "models/prepare.hpp"

namespace digits::api {
namespace {

using http::Request;
using http::Response;
using nlohmann::json;

constexpr const char* kReadableFiles[]{"original.prototxt", "train_val.prototxt", "deploy.prototxt", "solver.prototxt",
                                       "model.json"};

/// The spec of the body, valid, with the folder of its dataset if it names one.
Result<ModelSpec> read_spec(const json& body, const Context& context) {
    if (!body.contains("spec")) return fail(make_error(ErrorCode::kInvalidArgument, "spec is missing").at("/spec"));
    auto spec = parse_model_spec(body["spec"]);
    if (!spec) return fail(within(spec.error(), "/spec"));
    if (!spec->dataset_dir.empty())
        return fail(make_error(ErrorCode::kInvalidArgument, "dataset_dir is filled in by the server; give dataset_id")
                        .at("/spec/dataset_dir"));
    for (std::size_t i = 0; i < spec->weights.size(); ++i) {
        if (context.options.roots.empty()) break;
        if (const auto allowed = resolve_allowed(context.options.roots, spec->weights[i]); !allowed)
            return fail(Error(allowed.error()).at("/spec/weights/" + std::to_string(i)));
    }
    if (spec->dataset_id.empty()) return spec;
    const auto dataset =
        is_job_id(spec->dataset_id) ? context.jobs.get(spec->dataset_id) : Result<Job>(fail(ErrorCode::kNotFound, ""));
    if (!dataset || dataset->kind != "dataset")
        return fail(make_error(ErrorCode::kInvalidArgument, "there is no dataset {}", spec->dataset_id.substr(0, 60))
                        .at("/spec/dataset_id"));
    spec->dataset_dir = context.jobs.job_dir(spec->dataset_id).string();
    return spec;
}

json finding_view(const ModelFinding& finding) {
    return {{"severity", enum_name(finding.severity)},
            {"message", finding.message},
            {"line", finding.line ? json(*finding.line) : json()},
            {"column", finding.column ? json(*finding.column) : json()},
            {"layer", finding.layer.empty() ? json() : json(finding.layer)},
            {"advice", finding.advice}};
}

json text_or_null(const std::optional<std::string>& text) { return text ? json(*text) : json(); }

Result<Response> check(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto body, read_object(request, {"spec"}));
    DIGITS_ASSIGN(const auto spec, read_spec(body, context));
    const auto found = check_model(spec);
    json diagnostics = json::array();
    for (const auto& finding : found.findings) diagnostics.push_back(finding_view(finding));
    return json_response(200, {{"ok", found.ok()},
                               {"diagnostics", std::move(diagnostics)},
                               {"train_val", text_or_null(found.train_val)},
                               {"deploy", text_or_null(found.deploy)},
                               {"solver", text_or_null(found.solver)}});
}

/// A training that cannot work is refused at once, with the place in the network.
Status refuse_faults(const ModelSpec& spec) {
    for (const auto& finding : check_model(spec).findings) {
        if (finding.severity != Severity::kError) continue;
        auto where = std::string("/spec");
        if (finding.line)
            where = fmt::format("/spec/network/prototxt:{}:{}", *finding.line, finding.column.value_or(1));
        return fail(make_error(ErrorCode::kInvalidArgument, "{}", finding.message).at(where).advise(finding.advice));
    }
    return {};
}

Result<Response> create(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto body, read_object(request, {"name", "group", "spec"}));
    JobRequest job;
    job.kind = "model";
    DIGITS_ASSIGN(job.name, text_member(body, "name", true));
    DIGITS_ASSIGN(job.group, text_member(body, "group", false));
    DIGITS_ASSIGN(auto spec, read_spec(body, context));
    if (spec.dataset_id.empty())
        return fail(make_error(ErrorCode::kInvalidArgument, "dataset_id is missing").at("/spec/dataset_id"));
    DIGITS_TRY(refuse_faults(spec));
    job.parents = {spec.dataset_id};
    job.spec = std::make_shared<const json>(to_json(spec));
    return submit_job(std::move(job), context);
}

Result<Response> show(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    DIGITS_ASSIGN(const auto snapshots, model_snapshots(job, context));
    json view{{"job", job_view(job, Detail::kFull)},
              {"dataset", nullptr},
              {"network", job.network ? *job.network : json()},
              {"snapshots", snapshots_view(snapshots)},
              {"files", json::array()}};
    view["job"]["best"] = best_view(job, &context.jobs);
    if (!job.parents.empty())
        if (const auto dataset = context.jobs.get(job.parents.front()); dataset && dataset->result)
            view["dataset"] = *dataset->result;
    for (const auto* file : kReadableFiles)
        if (std::filesystem::exists(context.jobs.job_dir(job.id) / file)) view["files"].push_back(file);
    return json_response(200, view);
}

}  // namespace

void register_models(http::Router& router, Context& context) {
    const http::RouteOptions body{kMaxBody_bytes};
    router.add("GET", "/api/v1/models", [&](const Request& request) { return list_jobs(request, context, "model"); });
    router.add("POST", "/api/v1/models", [&](const Request& request) { return create(request, context); }, body);
    router.add("POST", "/api/v1/models/check", [&](const Request& request) { return check(request, context); }, body);
    router.add("GET", "/api/v1/models/{id}", [&](const Request& request) { return show(request, context); });
}

}  // namespace digits::api
