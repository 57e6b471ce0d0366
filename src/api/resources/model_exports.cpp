#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "api/jobs/model_report.hpp"
#include "api/jobs/snapshot_choice.hpp"
#include "api/requests/image_answers.hpp"
#include "api/requests/messages.hpp"
#include "api/requests/warm_questions.hpp"
#include "api/resources.hpp"
#include "base/file.hpp"
#include "base/ids.hpp"
#include "models/model_export_spec.hpp"

namespace digits::api {
namespace {

using http::Async;
using http::Request;
using http::Response;
using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kFolder = "exports";
constexpr std::uint64_t kMostFacts_bytes = 1 << 20;

/// The facts of every export whose file is there, by name.
std::vector<json> exports_of(const fs::path& job_dir) {
    std::vector<json> found;
    std::error_code error;
    for (fs::directory_iterator at(job_dir / kFolder, error), end; !error && at != end; at.increment(error)) {
        if (at->path().extension() != ".json") continue;
        const auto text = read_file(at->path(), kMostFacts_bytes);
        auto facts = text ? json::parse(*text, nullptr, false) : json();
        std::error_code ignored;
        if (facts.is_object() && facts.contains("name") && facts["name"].is_string() &&
            fs::is_regular_file(job_dir / kFolder / facts["name"].get<std::string>(), ignored))
            found.push_back(std::move(facts));
    }
    std::ranges::sort(found, {}, [](const json& facts) { return facts["name"].get<std::string>(); });
    return found;
}

Result<Response> list(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    return json_response(200, {{"items", exports_of(context.jobs.job_dir(job.id))}});
}

Async<Result<Response>> create(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    DIGITS_CO_ASSIGN(const auto body, read_object(request, {"format", "nms"}));
    DIGITS_CO_ASSIGN(const auto spec, parse_model_export_spec(body));
    const std::string format(enum_name(spec.format));
    DIGITS_CO_ASSIGN(const auto snapshot, choose_snapshot(request, job, context));
    const auto folder = context.jobs.job_dir(job.id) / kFolder;
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) co_return fail(errno_error("cannot make " + folder.string(), error.value()));
    const auto name = fs::path(snapshot.weights).stem().string() + (spec.nms ? "_nms." : ".") + format;
    json question{{"type", "export"}, {"format", format}, {"file", (folder / name).string()}, {"nms", spec.nms}};
    DIGITS_CO_ASSIGN(const auto answer, co_await infer(job.id, snapshot.weights, std::move(question), context));
    json facts{{"name", name}, {"format", format}, {"snapshot", snapshot.iteration}};
    for (const auto* member :
         {"bytes", "input", "outputs", "images", "nms", "verified", "difference", "tolerance", "runtime", "note"})
        facts[member] = answer->value(member, json());
    DIGITS_CO_TRY(write_file_atomic(folder / (name + ".json"), facts.dump(2) + "\n"));
    auto response = json_response(201, facts);
    response.set_header("Location", fmt::format("/api/v1/models/{}/exports/{}", job.id, name));
    co_return response;
}

Result<Response> download(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    const auto& name = request.param("name");
    const auto dir = context.jobs.job_dir(job.id);
    for (const auto& facts : exports_of(dir)) {
        if (facts["name"] != name) continue;
        auto response = Response::file(dir / kFolder / name, "application/octet-stream");
        response.set_header("Content-Disposition", fmt::format("attachment; filename=\"{}_{}\"", job.id, name));
        return response;
    }
    return fail(make_error(ErrorCode::kNotFound, "The model has no export \"{}\"", name.substr(0, 60))
                    .advise("Export it first; GET …/exports lists what there is"));
}

/// A report has its styles and images inside, and nothing of it runs.
constexpr const char* kReportPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox";

/// A worker prints it: it reads images of the evaluation.
Async<Result<Response>> report(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    const auto* format = request.find_query("format");
    const bool is_pdf = format && *format == "pdf";
    if (format && !is_pdf && *format != "html")
        co_return fail(
            make_error(ErrorCode::kInvalidArgument, "Expected html or pdf, got \"{}\"", format->substr(0, 40))
                .at("?format"));
    const auto* evaluation = request.find_query("evaluation");
    DIGITS_CO_ASSIGN(auto text, model_report(job, evaluation ? *evaluation : "", context));
    const auto file = context.temporary / ("report-" + random_hex(16));
    const auto owner = std::make_shared<http::TemporaryFile>(file);
    json question{{"type", "write_report"},
                  {"report", std::move(text)},
                  {"format", is_pdf ? "pdf" : "html"},
                  {"file", file.string()}};
    if (!job.parents.empty()) add_decoding(question, job.parents.front(), context);
    DIGITS_CO_TRY(co_await assist(std::move(question), context));
    auto response = Response::file(file, is_pdf ? "application/pdf" : "text/html; charset=utf-8", owner);
    response.set_header("Content-Security-Policy", kReportPolicy);
    const auto* download = request.find_query("download");
    response.set_header("Content-Disposition", fmt::format("{}; filename=\"{}-report.{}\"",
                                                           download && *download == "true" ? "attachment" : "inline",
                                                           job.id, is_pdf ? "pdf" : "html"));
    co_return response;
}

}  // namespace

void register_model_exports(http::Router& router, Context& context) {
    router.add("GET", "/api/v1/models/{id}/exports", [&](const Request& request) { return list(request, context); });
    router.add("POST", "/api/v1/models/{id}/exports", [&](const Request& request) { return create(request, context); });
    router.add("GET", "/api/v1/models/{id}/exports/{name}",
               [&](const Request& request) { return download(request, context); });
    router.add("GET", "/api/v1/models/{id}/report", [&](const Request& request) { return report(request, context); });
}

}  // namespace digits::api
