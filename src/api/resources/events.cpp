#include <charconv>

#include "api/requests/messages.hpp"
#include "api/resources.hpp"
#include "base/ids.hpp"

namespace digits::api {
namespace {

Result<http::Response> open(const http::Request& request, Context& context) {
    std::string job;
    if (const auto* text = request.find_query("job")) {
        if (!is_job_id(*text))
            return fail(make_error(ErrorCode::kInvalidArgument, "expected the id of a job").at("?job"));
        job = *text;
    }
    std::optional<std::int64_t> last;
    if (const auto* text = request.find_header("last-event-id"); text && !text->empty()) {
        std::int64_t id = 0;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), id);
        // An id that this server did not give: the client is told to read everything again.
        last = error == std::errc() && end == text->data() + text->size() ? id : -1;
    }
    return http::Response::events(context.events.open(last, std::move(job)));
}

}  // namespace

void register_events(http::Router& router, Context& context) {
    router.add("GET", "/api/v1/events", [&](const http::Request& request) { return open(request, context); });
}

}  // namespace digits::api
