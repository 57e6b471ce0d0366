#include "api/resources.hpp"
#include "openapi_text.hpp"

namespace digits::api {

void register_openapi(http::Router& router, Context&) {
    router.add("GET", "/api/v1/openapi.json", [](const http::Request&) -> Result<http::Response> {
        return http::Response::bytes(200, "application/json", std::string(kOpenApiText));
    });
}

}  // namespace digits::api
