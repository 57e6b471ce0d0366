#include "api/rules.hpp"

#include <algorithm>
#include <optional>

#include "api/access.hpp"
#include "api/jobs/job_pages.hpp"
#include "api/requests/answered_requests.hpp"
#include "api/requests/conditional.hpp"
#include "base/ids.hpp"

namespace digits::api {
namespace {

using http::Handler;
using http::Request;
using http::Response;

constexpr std::string_view kApi = "/api/v1/";
/// They ask a job something and leave it as it is.
constexpr std::string_view kQuestions[]{"/api/v1/datasets/{id}/augment-example", "/api/v1/models/{id}/classify",
                                        "/api/v1/models/{id}/layers"};

Act act_of(const http::Route& route) {
    if (route.method == "GET") return Act::kView;
    return std::ranges::find(kQuestions, route.pattern) == std::end(kQuestions) ? Act::kChange : Act::kUse;
}

/// Before a job is changed: may this user, and does he know its present state? A job that is not there is told by the
/// handler.
Result<std::optional<Response>> check_job(const Request& request, Act act, const Context& context) {
    const auto id = request.params.find("id");
    if (id == request.params.end() || !is_job_id(id->second)) return std::nullopt;
    auto job = context.jobs.get(id->second);
    if (!job) job = context.jobs.get_trashed(id->second);
    if (!job) return std::nullopt;
    DIGITS_TRY(authorise(user_of(request), act, *job));
    return act == Act::kChange ? refuse_if_edited(request, *job) : std::nullopt;
}

Handler ruled(const http::Route& route, Context& context) {
    const auto act = act_of(route);
    const auto& handler = route.handler;
    // Reading is open to everybody, so that the job need not be looked up for it.
    if (act == Act::kView)
        return [handler](const Request& request) -> Result<Response> {
            DIGITS_ASSIGN(auto response, handler(request));
            return answer_if_changed(request, std::move(response));
        };
    return [handler, act, &context, is_post = route.method == "POST"](const Request& request) -> Result<Response> {
        DIGITS_ASSIGN(auto refusal, check_job(request, act, context));
        if (refusal) return std::move(*refusal);
        if (!is_post) return handler(request);
        const auto make = [&](const Request& once) -> Result<Response> {
            DIGITS_ASSIGN(auto made, answer_of_made(once, context));
            return made ? std::move(*made) : handler(once);
        };
        return context.answered.once(request, user_of(request), make);
    };
}

}  // namespace

http::Router with_rules(const http::Router& router, Context& context) {
    http::Router result;
    for (const auto& route : router.routes())
        result.add(route.method, route.pattern, route.pattern.starts_with(kApi) ? ruled(route, context) : route.handler,
                   route.options);
    return result;
}

}  // namespace digits::api
