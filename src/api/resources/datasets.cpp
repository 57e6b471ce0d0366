#include <nlohmann/json.hpp>

#include "api/job_pages.hpp"
#include "api/job_view.hpp"
#include "api/messages.hpp"
#include "api/resources.hpp"
#include "base/safe_path.hpp"
#include "data/builder.hpp"

namespace digits::api {
namespace {

using http::Request;
using http::Response;
using nlohmann::json;

/// Each place that the source names is there, of the right kind, and inside the allowed roots.
Status check_sources(const SourceSpec& source, const Context& context) {
    struct Place {
        const char* member;
        const std::string& path;
        bool is_folder;
        bool required;
    };
    const bool folder = source.type == SourceType::kFolder;
    const Place places[]{{"path", source.path, true, folder},
                         {"val_path", source.val_path, true, false},
                         {"test_path", source.test_path, true, false},
                         {"train", source.train, false, !folder},
                         {"val", source.val, false, false},
                         {"test", source.test, false, false},
                         {"labels", source.labels, false, !folder},
                         {"root", source.root, true, false}};
    for (const auto& [member, path, is_folder, required] : places) {
        const auto wrong = [&, member = member](ErrorCode code, const std::string& text) {
            return fail(make_error(code, "{}", text).at(std::string("/spec/source/") + member));
        };
        if (path.empty()) {
            if (required) return wrong(ErrorCode::kInvalidArgument, std::string(member) + " is missing");
            continue;
        }
        if (!std::filesystem::path(path).is_absolute())
            return wrong(ErrorCode::kInvalidArgument, "expected an absolute path, got " + path);
        if (!context.options.roots.empty()) {
            const auto allowed = resolve_allowed(context.options.roots, path);
            if (!allowed) return wrong(allowed.error().code, allowed.error().message);
        }
        std::error_code ignored;
        if (is_folder ? !std::filesystem::is_directory(path, ignored)
                      : !std::filesystem::is_regular_file(path, ignored))
            return wrong(ErrorCode::kInvalidArgument,
                         fmt::format("there is no {} {} on the server's machine", is_folder ? "folder" : "file", path));
    }
    return {};
}

/// The spec of the body, valid and with its sources inside the allowed roots.
Result<DatasetSpec> read_spec(const json& body, const Context& context) {
    if (!body.contains("spec")) return fail(make_error(ErrorCode::kInvalidArgument, "spec is missing").at("/spec"));
    auto spec = parse_dataset_spec(body["spec"]);
    if (!spec) return fail(within(spec.error(), "/spec"));
    DIGITS_TRY(check_sources(spec->source, context));
    return spec;
}

Result<Response> create(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto body, read_object(request, {"name", "group", "spec"}));
    JobRequest job;
    job.kind = "dataset";
    DIGITS_ASSIGN(job.name, text_member(body, "name", true));
    DIGITS_ASSIGN(job.group, text_member(body, "group", false));
    DIGITS_ASSIGN(const auto spec, read_spec(body, context));
    job.spec = std::make_shared<const json>(to_json(spec));
    return submit_job(std::move(job), context);
}

Result<Response> scan(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto body, read_object(request, {"spec"}));
    DIGITS_ASSIGN(const auto spec, read_spec(body, context));
    auto found = scan_dataset(spec);
    if (!found) return fail(within(found.error(), "/spec"));
    json view;
    for (const auto* member : {"labels", "splits", "warnings"}) view[member] = found->value(member, json::array());
    return json_response(200, view);
}

Result<Response> show(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "dataset"));
    return json_response(200, {{"job", job_view(job, Detail::kFull)}, {"dataset", job.result ? *job.result : json()}});
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
