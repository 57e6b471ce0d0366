#include "api/requests/warm_questions.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/jobs/job_kinds.hpp"

namespace digits::api {
namespace {

using nlohmann::json;

constexpr int kAssistMemory_mb = 4096;
constexpr auto kIdle = std::chrono::seconds(300);
/// A trial keeps the memory that it took, so its worker ends soon.
constexpr auto kTrialIdle = std::chrono::seconds(20);
/// The loading of the model included.
constexpr auto kInferTimeout = std::chrono::minutes(5);

/// Questions that share workers.
struct Line {
    const char* key;
    int workers;
    std::chrono::seconds idle;
    std::chrono::milliseconds timeout;
};
constexpr Line kShort{"questions", 2, kIdle, std::chrono::minutes(1)};
/// Paths that users name may lead to a disk that does not answer.
constexpr Line kFiles{"files", 2, kIdle, std::chrono::seconds(20)};
constexpr Line kGalleries{"galleries", 1, kIdle, std::chrono::minutes(1)};
constexpr Line kScans{"scans", 2, kIdle, std::chrono::minutes(1)};
/// They read all files, so they must not keep the first look at another folder waiting.
constexpr Line kReports{"reports", 2, kIdle, std::chrono::minutes(1)};
constexpr Line kTrials{"trials", 1, kTrialIdle, std::chrono::minutes(1)};
constexpr Line kUnpacking{"unpacking", 1, kIdle, std::chrono::minutes(30)};

constexpr std::string_view kOfGalleries[]{"gallery_page", "gallery_image", "record_image"};
constexpr std::string_view kOfFiles[]{"browse",       "check_places", "complete_path", "image_file",
                                      "list_portion", "read_text",    "rewrite_list"};

const Line& line_of(const json& question) {
    const auto type = question.value("type", "");
    if (type == "unpack") return kUnpacking;
    if (type == "dataset_scan" || type == "recognize" || type == "example_facts") return kScans;
    if (type == "dataset_report" || type == "write_report") return kReports;
    if (std::ranges::find(kOfGalleries, type) != std::end(kOfGalleries)) return kGalleries;
    if (std::ranges::find(kOfFiles, type) != std::end(kOfFiles)) return kFiles;
    return question.value("measure", false) ? kTrials : kShort;
}

/// Files of a request are among the temporary files.
Grant warm_grant(const Context& context) {
    auto grant = common_grant(context.options);
    if (!grant.roots.empty()) grant.roots.push_back(context.temporary.string());
    return grant;
}

http::Async<Result<JsonPtr>> ask(WarmRequest request, const Context& context) {
    auto& jobs = context.jobs;
    http::Callback<JsonPtr> answer([&](http::Callback<JsonPtr>::Done done) -> http::Callback<JsonPtr>::GiveUp {
        const auto id = jobs.ask(std::move(request), std::move(done));
        return [&jobs, id] { jobs.cancel_request(id); };
    });
    co_return co_await answer;
}

}  // namespace

std::map<std::string, int> warm_worker_limits() {
    int assist = 0;
    for (const auto* line : {&kShort, &kFiles, &kGalleries, &kScans, &kReports, &kTrials, &kUnpacking})
        assist += line->workers;
    return {{"assist", assist}, {"infer", 2}};
}

WarmRequest assist_request(const json& question, const Context& context) {
    const auto& line = line_of(question);
    WarmTask task;
    task.key = line.key;
    task.noun = "the worker that answers for forms";
    task.kind = "assist";
    task.folder = context.options.data_dir / "assist";
    task.spec = std::make_shared<const json>(json::object());
    task.grant = warm_grant(context);
    task.grant.limits = {static_cast<int>(line.idle.count()), kAssistMemory_mb};
    task.workers = line.workers;
    return {std::move(task), std::make_shared<const json>(question), line.timeout};
}

Result<WarmRequest> infer_request(const std::string& model_id, const std::string& weights, const json& question,
                                  const Context& context) {
    DIGITS_ASSIGN(const auto model, context.jobs.get(model_id));
    if (model.kind != "model") return fail(ErrorCode::kInvalidArgument, "{} is not a model", model_id);
    WarmTask task;
    task.key = model_id + "/" + weights;
    task.owner = model_id;
    task.noun = "the model";
    task.kind = "infer";
    task.folder = context.jobs.job_dir(model_id);
    task.spec = std::make_shared<const json>(json::object());
    task.grant = warm_grant(context);
    task.grant.model_dir = task.folder.string();
    if (!model.parents.empty()) task.grant.dataset_dir = context.jobs.job_dir(model.parents.front()).string();
    task.grant.weights = weights;
    task.grant.limits.idle_s = static_cast<int>(kIdle.count());
    return WarmRequest{std::move(task), std::make_shared<const json>(question), kInferTimeout};
}

http::Async<Result<JsonPtr>> assist(json question, const Context& context) {
    auto request = assist_request(question, context);
    co_return co_await ask(std::move(request), context);
}

http::Async<Result<JsonPtr>> infer(std::string model_id, std::string weights, json question, const Context& context) {
    DIGITS_CO_ASSIGN(auto request, infer_request(model_id, weights, question, context));
    co_return co_await ask(std::move(request), context);
}

}  // namespace digits::api
