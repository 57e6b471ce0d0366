#include "api/openapi_document.hpp"
#include "api/resources.hpp"

namespace digits::api {

void register_openapi(http::Router& router, Context&) {
    router.add("GET", "/api/v1/openapi.json", [](const http::Request&) -> Result<http::Response> {
        return http::Response::bytes(200, "application/json", openapi_document());
    });
}

}  // namespace digits::api
