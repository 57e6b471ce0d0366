#include <nlohmann/json.hpp>

#include "api/requests/messages.hpp"
#include "api/resources.hpp"
#include "tasks/task.hpp"

namespace digits::api {

void register_tasks(http::Router& router, Context&) {
    router.add("GET", "/api/v1/tasks", [](const http::Request&) -> Result<http::Response> {
        auto items = nlohmann::json::array();
        for (const auto* task : tasks().all()) {
            const auto metric = task->metric();
            items.push_back({{"name", task->name()},
                             {"view", task->view()},
                             {"metric", {{"name", metric.name}, {"higher_is_better", metric.higher_is_better}}}});
        }
        return json_response(200, {{"items", std::move(items)}});
    });
}

}  // namespace digits::api
