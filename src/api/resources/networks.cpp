#include <nlohmann/json.hpp>

#include "api/messages.hpp"
#include "api/resources.hpp"
#include "models/standard_networks.hpp"

namespace digits::api {

void register_networks(http::Router& router, Context&) {
    router.add("GET", "/api/v1/networks", [](const http::Request&) -> Result<http::Response> {
        auto items = nlohmann::json::array();
        for (const auto& network : standard_networks()) items.push_back(to_json(network));
        return json_response(200, {{"items", std::move(items)}});
    });
}

}  // namespace digits::api
