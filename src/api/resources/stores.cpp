#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "api/jobs/archive_response.hpp"
#include "api/jobs/job_pages.hpp"
#include "api/jobs/snapshot_choice.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"
#include "api/stores/model_stores.hpp"
#include "api/stores/pulled_models.hpp"
#include "api/stores/push_model.hpp"

namespace digits::api {
namespace {

using http::Async;
using http::Request;
using http::Response;
using nlohmann::json;

json text_or_null(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() && !found->get_ref<const std::string&>().empty() ? *found
                                                                                                        : json();
}

json model_view(const StoreModel& model, const std::vector<Job>& pulled) {
    auto license = text_or_null(model.aux, "license");
    if (license.is_null()) license = text_or_null(model.info, "license");
    auto name = text_or_null(model.info, "name");
    return {{"id", model.id},
            {"folder", model.folder},
            {"name", name.is_null() ? json(model.folder) : name},
            {"note", text_or_null(model.info, "note")},
            {"owner", text_or_null(model.info, "username")},
            {"dataset", text_or_null(model.aux, "dataset")},
            {"license", license},
            {"source", text_or_null(model.info, "source")},
            {"logo", !model.logo().empty()},
            {"job", pulled_job(pulled, model)}};
}

json stores_view(const std::vector<StoreListing>& stores, const std::vector<Job>& pulled) {
    auto items = json::array();
    for (const auto& store : stores) {
        auto models = json::array();
        for (const auto& model : store.models) models.push_back(model_view(model, pulled));
        items.push_back({{"url", store.url},
                         {"message", store.message},
                         {"models", std::move(models)},
                         {"error", store.error.empty() ? json() : json(store.error)}});
    }
    return items;
}

Async<Result<Response>> list(const Request& request, const Context& context, ModelStores& stores) {
    const auto* asked = request.find_query("refresh");
    const bool refresh = asked && *asked == "true";
    std::function<Result<json>()> work = [&]() -> Result<json> {
        return json{{"items", stores_view(stores.list(refresh), pulled_models(context))},
                    {"add", "scripts/pretrained"}};
    };
    DIGITS_CO_ASSIGN(const auto view, co_await http::run_slowly(std::move(work)));
    co_return json_response(200, view);
}

/// A browser asks for it as an image and takes it for nothing else.
Async<Result<Response>> logo(const Request& request, ModelStores& stores) {
    const auto id = request.param("model");
    std::function<Result<StoreLogo>()> work = [&] { return stores.logo(id); };
    DIGITS_CO_ASSIGN(auto found, co_await http::run_slowly(std::move(work)));
    auto response = Response::bytes(200, std::string(found.type), std::move(found.bytes));
    response.set_header("Cache-Control", "private, max-age=86400");
    response.set_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox");
    co_return response;
}

Async<Result<Response>> pull(const Request& request, Context& context, ModelStores& stores) {
    DIGITS_CO_ASSIGN(const auto body, read_object(request, {"id", "name", "group"}));
    DIGITS_CO_ASSIGN(const auto id, text_member(body, "id", true));
    std::function<Result<JobRequest>()> work = [&] { return stores.pull(id); };
    DIGITS_CO_ASSIGN(auto made, co_await http::run_slowly(std::move(work)));
    DIGITS_CO_ASSIGN(const auto name, text_member(body, "name", false));
    if (!name.empty()) made.name = name;
    DIGITS_CO_ASSIGN(made.group, text_member(body, "group", false));
    co_return submit_job(std::move(made), request, context);
}

constexpr auto kMostPushTime = std::chrono::minutes(60);

/// The archive that a person could save, as a file.
Async<Result<Response>> archive_of(const Request& request, const Job& job, Context& context) {
    if (job.kind == "pretrained") {
        if (job.state != JobState::kDone)
            co_return fail(ErrorCode::kFailedPrecondition, "{} is in state {}, so there is nothing to push yet", job.id,
                           enum_name(job.state));
        co_return co_await pretrained_archive_response(job, context);
    }
    DIGITS_CO_ASSIGN(const auto snapshot, choose_snapshot(request, job, context));
    co_return co_await archive_response(job, snapshot, ArchiveFormat::kTarGz, context);
}

/// Tells the pages how far a push is, at most four times a second.
class PushProgress {
  public:
    PushProgress(std::string job, EventHub& events) : job_(std::move(job)), events_(events) {}
    void tell(std::uint64_t done, std::uint64_t total) {
        const auto now = Clock::now();
        if (total == 0 || done == done_ || (done < total && now - told_ < std::chrono::milliseconds(250))) return;
        told_ = now;
        done_ = done;
        const auto seconds = std::chrono::duration<double>(now - start_).count();
        const auto rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
        events_.tell_in_passing(
            job_, "push",
            {{"job", job_},
             {"progress",
              {{"step", "push"},
               {"unit", "bytes"},
               {"done", done},
               {"total", total},
               {"rate", rate > 0 ? json(rate) : json()},
               {"eta_s", rate > 0 ? json(static_cast<double>(total - std::min(done, total)) / rate) : json()},
               {"fraction", std::min(1.0, static_cast<double>(done) / static_cast<double>(total))}}}});
    }

  private:
    using Clock = std::chrono::steady_clock;
    const std::string job_;
    EventHub& events_;
    const Clock::time_point start_ = Clock::now();
    Clock::time_point told_{};
    std::uint64_t done_ = 0;
};

/// To another server, of which this one asks no more than it may fetch from.
Async<Result<Response>> push(const Request& request, const char* kind, Context& context) {
    DIGITS_CO_ASSIGN(const auto job, route_job(request, context.jobs, kind));
    DIGITS_CO_ASSIGN(const auto body, read_object(request, {"to", "name"}));
    DIGITS_CO_ASSIGN(const auto server, text_member(body, "to", true));
    if (const auto url = remote::parse_url(server); !url) co_return fail(Error(url.error()).at("/to"));
    DIGITS_CO_ASSIGN(auto name, text_member(body, "name", false));
    if (name.empty()) name = job.name;
    DIGITS_CO_ASSIGN(const auto archive, co_await archive_of(request, job, context));
    const auto& file = std::get<http::FileBody>(archive.body).path;
    auto& scope = co_await http::CurrentScope{};
    PushProgress progress(job.id, context.events);
    std::function<Result<json>()> work = [&] {
        remote::TransferLimits limits;
        limits.timeout = kMostPushTime;
        limits.progress = [&progress](std::uint64_t done, std::uint64_t total) { progress.tell(done, total); };
        limits.cancelled = [&scope] { return scope.cancelled().has_value(); };
        const remote::HttpClient client({context.options.allow_url_fetch.value_or(false), context.options.url_hosts});
        return push_model(server, name, file, client, limits);
    };
    DIGITS_CO_ASSIGN(const auto made, co_await http::run_slowly(std::move(work)));
    co_return json_response(201, made);
}

}  // namespace

void register_stores(http::Router& router, Context& context) {
    router.add("GET", "/api/v1/stores", [&](const Request& request) { return list(request, context, context.stores); });
    router.add("GET", "/api/v1/stores/models/{model}/logo",
               [&](const Request& request) { return logo(request, context.stores); });
    router.add("POST", "/api/v1/stores/pull",
               [&](const Request& request) { return pull(request, context, context.stores); });
    router.add("POST", "/api/v1/models/{id}/push",
               [&](const Request& request) { return push(request, "model", context); });
    router.add("POST", "/api/v1/pretrained/{id}/push",
               [&](const Request& request) { return push(request, "pretrained", context); });
}

}  // namespace digits::api
