#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "api/jobs/archive_response.hpp"
#include "api/jobs/job_pages.hpp"
#include "api/jobs/snapshot_choice.hpp"
#include "api/requests/conditional.hpp"
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

constexpr std::size_t kMostMetrics = 40, kMostMetricName = 100;

/// Of the snapshot that the store has: numbers by name; null for none.
json metrics_of(const StoreModel& model) {
    auto metrics = json::object();
    const auto found = model.info.find("metrics");
    if (found == model.info.end() || !found->is_object()) return nullptr;
    for (const auto& [name, value] : found->items())
        if (value.is_number() && metrics.size() < kMostMetrics && name.size() <= kMostMetricName) metrics[name] = value;
    return metrics.empty() ? json() : metrics;
}

/// What the store says of the dataset, as far as it has the form that it should; null for nothing.
json card_of(const StoreModel& model) {
    const auto found = model.aux.find("dataset card");
    if (found == model.aux.end() || !found->is_object()) return nullptr;
    const auto is_count = [](const json& value) { return value.is_number_unsigned(); };
    json card{{"type", text_or_null(*found, "type")}, {"classes", nullptr}, {"images", json::object()}};
    if (const auto classes = found->find("classes"); classes != found->end() && is_count(*classes))
        card["classes"] = *classes;
    const auto images = found->value("images", json::object());
    for (const auto* split : {"train", "val", "test"})
        if (images.is_object() && images.contains(split) && is_count(images[split]))
            card["images"][split] = images[split];
    return card;
}

/// Of the weights.
json checksum_of(const StoreModel& model) {
    const auto file = text_or_null(model.info, "snapshot file");
    const auto sums = model.info.find("sha256");
    if (!file.is_string() || sums == model.info.end() || !sums->is_object()) return nullptr;
    return text_or_null(*sums, file.get_ref<const std::string&>().c_str());
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
            {"previews", model.previews().size()},
            {"metrics", metrics_of(model)},
            {"dataset_card", card_of(model)},
            {"sha256", checksum_of(model)},
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
Async<Result<Response>> image(std::function<Result<StoreLogo>()> work) {
    DIGITS_CO_ASSIGN(auto found, co_await http::run_slowly(std::move(work)));
    auto response = Response::bytes(200, std::string(found.type), std::move(found.bytes));
    response.set_header("Cache-Control", "private, max-age=86400");
    response.set_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox");
    co_return response;
}

/// A file of the store on this disk, so that this server is a store for others.
Async<Result<Response>> own_file(const Request& request, std::string folder, std::string name, ModelStores& stores) {
    std::function<Result<std::filesystem::path>()> work = [&] { return stores.own_file(folder, name); };
    DIGITS_CO_ASSIGN(const auto file, co_await http::run_slowly(std::move(work)));
    auto response = Response::file(file, file.extension() == ".json" ? "application/json" : "application/octet-stream");
    response.set_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox");
    co_return answer_if_changed(request, std::move(response));
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
    router.add("GET", "/api/v1/stores/models/{model}/logo", [&](const Request& request) {
        return image([&stores = context.stores, id = request.param("model")] { return stores.logo(id); });
    });
    router.add("GET", "/api/v1/stores/models/{model}/previews/{number}", [&](const Request& request) {
        const auto& text = request.param("number");
        // A number that is none leads to a preview that is not there.
        std::size_t number = kMostPreviews;
        std::from_chars(text.data(), text.data() + text.size(), number);
        return image(
            [&stores = context.stores, id = request.param("model"), number] { return stores.preview(id, number); });
    });
    router.add("GET", "/store/master.json",
               [&](const Request& request) { return own_file(request, "", "master.json", context.stores); });
    router.add("GET", "/store/{folder}/{file}", [&](const Request& request) {
        return own_file(request, request.param("folder"), request.param("file"), context.stores);
    });
    router.add("POST", "/api/v1/stores/pull",
               [&](const Request& request) { return pull(request, context, context.stores); });
    router.add("POST", "/api/v1/models/{id}/push",
               [&](const Request& request) { return push(request, "model", context); });
    router.add("POST", "/api/v1/pretrained/{id}/push",
               [&](const Request& request) { return push(request, "pretrained", context); });
}

}  // namespace digits::api
