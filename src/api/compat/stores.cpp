#include <nlohmann/json.hpp>

#include "api/compat/answers.hpp"
#include "api/resources.hpp"
#include "api/stores/model_stores.hpp"

namespace digits::api {
namespace compat {
namespace {

using http::Async;
using http::Response;
using nlohmann::json;

/// `{"<base_url>": {"base_url", "welcome_msg", "model_list": [{"dir_name", "info", "id", "aux"}]}}`
Async<Result<Response>> list_models(const Arguments& arguments, Context& context) {
    const bool refresh = arguments.get("refresh") == "1";
    std::function<Result<json>()> work = [&]() -> Result<json> {
        auto stores = json::object();
        for (const auto& store : context.stores.list(refresh)) {
            if (store.models.empty()) continue;  // DIGITS skips stores without any
            auto models = json::array();
            for (const auto& model : store.models)
                models.push_back(
                    {{"dir_name", model.folder}, {"info", model.info}, {"id", model.id}, {"aux", model.aux}});
            stores[store.url] = {
                {"base_url", store.url}, {"welcome_msg", store.message}, {"model_list", std::move(models)}};
        }
        return stores;
    };
    DIGITS_CO_ASSIGN(const auto stores, co_await http::run_slowly(std::move(work)));
    co_return text_response(200, stores.dump());
}

Async<Result<Response>> push(const Arguments& arguments, Context& context) {
    const auto id = arguments.get("id");
    std::function<Result<JobRequest>()> work = [&] { return context.stores.pull(id); };
    DIGITS_CO_ASSIGN(auto request, co_await http::run_slowly(std::move(work)));
    request.owner = find_user(arguments);
    DIGITS_CO_ASSIGN(const auto job, context.jobs.submit(std::move(request)));
    co_return text_response(200, job.id);
}

}  // namespace
}  // namespace compat

void register_digits_stores(http::Router& router, Context& context) {
    using compat::Arguments;
    using compat::Body;
    compat::add_route(router, {"GET"}, "/store/models",
                      [&](const Arguments& arguments) { return compat::list_models(arguments, context); });
    compat::add_route(
        router, {"GET", "POST"}, "/store/push",
        [&](const Arguments& arguments) { return compat::push(arguments, context); }, Body::kNone,
        compat::Effect::kChange);
}

}  // namespace digits::api
