#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/jobs/job_pages.hpp"
#include "api/jobs/job_specs.hpp"
#include "api/jobs/job_view.hpp"
#include "api/requests/all_faults.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"
#include "base/file.hpp"
#include "base/ids.hpp"
#include "data/reports/image_table.hpp"

namespace digits::api {
namespace {

using http::Async;
using http::Request;
using http::Response;
using nlohmann::json;

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;

struct Wish {
    json body;
    const http::Part* list = nullptr;  ///< an uploaded list of images
};

/// JSON, or a form of `request` (the same JSON) and `list`.
Result<Wish> read_wish(const Request& request) {
    Wish wish;
    if (request.content_type() != "multipart/form-data") {
        DIGITS_ASSIGN(wish.body, read_object(request, {"name", "group", "spec"}));
        return wish;
    }
    for (const auto& part : request.parts) {
        if (part.name == "request" && !part.file) {
            DIGITS_ASSIGN(wish.body, parse_object(part.value, {"name", "group", "spec"}));
        } else if (part.name == "list" && part.file) {
            wish.list = &part;
        } else {
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "unknown part \"{}\"; give request, a text, and list, a file", part.name)
                            .at("/" + part.name.substr(0, 40)));
        }
    }
    return wish;
}

Async<Result<Response>> create(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(auto wish, read_wish(request));
    if (!wish.body.contains("spec") || !wish.body["spec"].is_object())
        co_return fail(make_error(ErrorCode::kInvalidArgument, "spec is missing").at("/spec"));
    DIGITS_CO_ASSIGN(auto name, text_member(wish.body, "name", false));
    DIGITS_CO_ASSIGN(auto group, text_member(wish.body, "group", false));
    auto& spec = wish.body["spec"];
    if (wish.list) {
        if (!spec.contains("source")) spec["source"] = json::object();
        if (!spec["source"].is_object())
            co_return fail(make_error(ErrorCode::kInvalidArgument, "expected an object").at("/spec/source"));
        spec["source"]["type"] = "list";
        spec["source"]["path"] = wish.list->file->path().string();
    }
    auto made = co_await evaluation_job(spec, context);
    if (!made) {
        SpecCheck check = [&context](const json& other) -> Async<Status> {
            DIGITS_CO_TRY(co_await evaluation_job(other, context));
            co_return Status();
        };
        if (name.empty()) wish.body.erase("name");  // it has one of its own
        co_return co_await refuse_with_all_faults(made.error(), wish.body, std::move(check));
    }
    auto& job = *made;
    if (wish.list) job.files.push_back({"/source/path", wish.list->file->path(), "list.txt"});
    if (name.empty()) {
        const auto model = context.jobs.get(job.parents.front());
        const auto& source = (*job.spec)["source"];
        const auto type = source.value("type", "");
        name = fmt::format("{}: {}", model ? model->name.substr(0, 150) : job.parents.front(),
                           type == "split" ? source.value("split", "") : type);
    }
    job.name = std::move(name);
    job.group = std::move(group);
    co_return submit_job(std::move(job), request, context);
}

/// All, by page; or with `model` all of that one, newest first.
Result<Response> list(const Request& request, Context& context) {
    const auto* model = request.find_query("model");
    if (!model) return list_jobs(request, context, "evaluation");
    const auto ids = is_job_id(*model) ? context.jobs.dependents(*model)
                                       : Result<std::vector<std::string>>(fail(ErrorCode::kNotFound, ""));
    if (!ids) return fail(make_error(ErrorCode::kNotFound, "there is no model {}", model->substr(0, 60)).at("?model"));
    std::vector<Job> jobs;
    for (const auto& id : *ids) {
        auto job = context.jobs.get(id);
        if (job && job->kind == "evaluation" && job->parents.front() == *model) jobs.push_back(std::move(*job));
    }
    std::ranges::sort(jobs, std::greater(), [](const Job& job) { return std::pair(job.created, job.id); });
    json items = json::array();
    for (const auto& job : jobs) items.push_back(job_view(job, Detail::kFull));
    return json_response(200, {{"items", items}, {"next_cursor", nullptr}, {"total", items.size()}});
}

Result<Response> show(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "evaluation"));
    json view{{"job", job_view(job, Detail::kFull)}, {"model", nullptr}, {"evaluation", nullptr}};
    if (const auto model = context.jobs.get(job.parents.front()); model)
        view["model"] = {{"id", model->id}, {"name", model->name}};
    if (job.state == JobState::kDone) {
        const auto file = context.jobs.job_dir(job.id) / "evaluation.json";
        DIGITS_ASSIGN(const auto text, read_file(file, kMostBytes));
        view["evaluation"] = json::parse(text, nullptr, false);
        if (!view["evaluation"].is_object())
            return fail(make_error(ErrorCode::kDataLoss, "the file is damaged").at(file.string()));
        if (const json::json_pointer unreadable("/evaluation/unreadable/items"); view.contains(unreadable))
            for (auto& item : view[unreadable]) upgrade_image_member(item);
    }
    return json_response(200, view);
}

}  // namespace

void register_evaluations(http::Router& router, Context& context) {
    http::RouteOptions options{kMaxBody_bytes};
    options.multipart = true;
    options.max_upload_bytes = kMaxUpload_bytes;
    options.max_parts = 2;
    router.add("GET", "/api/v1/evaluations", [&](const Request& request) { return list(request, context); });
    router.add(
        "POST", "/api/v1/evaluations", [&](const Request& request) { return create(request, context); }, options);
    router.add("GET", "/api/v1/evaluations/{id}", [&](const Request& request) { return show(request, context); });
}

}  // namespace digits::api
