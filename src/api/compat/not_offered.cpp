#include "api/compat/answers.hpp"
#include "api/resources.hpp"

namespace digits::api {
namespace {

struct Missing {
    const char* method;
    const char* path;
    const char* what;
};

/// DIGITS's routes for what Digits does not do.
constexpr Missing kMissing[]{
    {"POST", "/models/timeline_trace_data", "Timelines of Tensorflow are not offered"},
    {"GET", "/models/images/classification/timeline_tracing", "Timelines of Tensorflow are not offered"},
    {"GET", "/models/images/generic/timeline_tracing", "Timelines of Tensorflow are not offered"},
    {"GET", "/extension-static/{type}/{extension}/{file}", "View extensions are not offered"},
    {"GET", "/store/list", "The page of the model stores is /store"},
};

}  // namespace

void register_digits_not_offered(http::Router& router, Context&) {
    for (const auto& [method, path, what] : kMissing)
        compat::add_both(
            router, {method}, path,
            [what = what](const compat::Arguments&) -> Result<http::Response> {
                return fail(ErrorCode::kUnsupported, "{}", what);
            },
            compat::Body::kForm);
}

}  // namespace digits::api
