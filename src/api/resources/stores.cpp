#include <filesystem>
#include <nlohmann/json.hpp>

#include "api/jobs/job_pages.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"
#include "api/stores/model_stores.hpp"

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

json model_view(const StoreModel& model) {
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
            {"source", text_or_null(model.info, "source")}};
}

json stores_view(const std::vector<StoreListing>& stores) {
    auto items = json::array();
    for (const auto& store : stores) {
        auto models = json::array();
        for (const auto& model : store.models) models.push_back(model_view(model));
        items.push_back({{"url", store.url},
                         {"message", store.message},
                         {"models", std::move(models)},
                         {"error", store.error.empty() ? json() : json(store.error)}});
    }
    return items;
}

Async<Result<Response>> list(const Request& request, ModelStores& stores) {
    const auto* asked = request.find_query("refresh");
    const bool refresh = asked && *asked == "true";
    std::function<Result<json>()> work = [&]() -> Result<json> {
        return json{{"items", stores_view(stores.list(refresh))}, {"add", "scripts/pretrained"}};
    };
    DIGITS_CO_ASSIGN(const auto view, co_await http::run_slowly(std::move(work)));
    co_return json_response(200, view);
}

Async<Result<Response>> pull(const Request& request, Context& context, ModelStores& stores) {
    DIGITS_CO_ASSIGN(const auto body, read_object(request, {"id", "name", "group"}));
    DIGITS_CO_ASSIGN(const auto id, text_member(body, "id", true));
    auto& scope = co_await http::CurrentScope{};
    std::function<Result<JobRequest>()> work = [&]() -> Result<JobRequest> {
        return stores.pull(id, [&]() -> Status {
            if (auto reason = scope.cancelled()) return fail(std::move(*reason));
            return {};
        });
    };
    DIGITS_CO_ASSIGN(auto made, co_await http::run_slowly(std::move(work)));
    DIGITS_CO_ASSIGN(const auto name, text_member(body, "name", false));
    if (!name.empty()) made.name = name;
    DIGITS_CO_ASSIGN(made.group, text_member(body, "group", false));
    co_return submit_job(std::move(made), request, context);
}

}  // namespace

void register_stores(http::Router& router, Context& context) {
    router.add("GET", "/api/v1/stores", [&](const Request& request) { return list(request, context.stores); });
    router.add("POST", "/api/v1/stores/pull",
               [&](const Request& request) { return pull(request, context, context.stores); });
}

}  // namespace digits::api
