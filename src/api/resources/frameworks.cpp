#include <nlohmann/json.hpp>

#include "api/requests/messages.hpp"
#include "api/resources.hpp"
#include "frameworks/framework.hpp"

namespace digits::api {

void register_frameworks(http::Router& router, Context&) {
    router.add("GET", "/api/v1/frameworks", [](const http::Request&) -> Result<http::Response> {
        auto items = nlohmann::json::array();
        for (const auto* framework : frameworks().all())
            items.push_back({{"name", framework->name()},
                             {"title", framework->title()},
                             {"file_name", framework->file_name()},
                             {"language", framework->language()}});
        return json_response(200, {{"items", std::move(items)}});
    });
}

}  // namespace digits::api
