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

using http::Async;
using http::AsyncHandler;
using http::Handler;
using http::Request;
using http::Response;

constexpr std::string_view kApi = "/api/v1/";
/// They ask a job something and leave it as it is.
constexpr std::string_view kQuestions[]{
    "/api/v1/datasets/{id}/augment-example", "/api/v1/datasets/{id}/export", "/api/v1/models/{id}/annotate",
    "/api/v1/models/{id}/asked-image",       "/api/v1/models/{id}/classify", "/api/v1/models/{id}/layers",
    "/api/v1/models/{id}/publications",      "/api/v1/models/{id}/push",     "/api/v1/pretrained/{id}/push"};

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

Handler ruled(const Handler& handler, Act act, bool is_post, Context& context) {
    // Reading is open to everybody, so that the job need not be looked up for it.
    if (act == Act::kView)
        return [handler](const Request& request) -> Result<Response> {
            DIGITS_ASSIGN(auto response, handler(request));
            return answer_if_changed(request, std::move(response));
        };
    return [handler, act, &context, is_post](const Request& request) -> Result<Response> {
        DIGITS_ASSIGN(auto refusal, check_job(request, act, context));
        if (refusal) return std::move(*refusal);
        if (!is_post) return handler(request);
        const Handler make = [&](const Request& once) -> Result<Response> {
            DIGITS_ASSIGN(auto made, answer_of_made(once, context));
            return made ? std::move(*made) : handler(once);
        };
        return context.answered.once(request, user_of(request), make);
    };
}

AsyncHandler ruled(const AsyncHandler& handler, Act act, bool is_post, Context& context) {
    if (act == Act::kView)
        return [handler](const Request& request) -> Async<Result<Response>> {
            DIGITS_CO_ASSIGN(auto response, co_await handler(request));
            co_return answer_if_changed(request, std::move(response));
        };
    return [handler, act, &context, is_post](const Request& request) -> Async<Result<Response>> {
        DIGITS_CO_ASSIGN(auto refusal, check_job(request, act, context));
        if (refusal) co_return std::move(*refusal);
        if (!is_post) co_return co_await handler(request);
        const AsyncHandler make = [&](const Request& once) -> Async<Result<Response>> {
            DIGITS_CO_ASSIGN(auto made, answer_of_made(once, context));
            if (made) co_return std::move(*made);
            co_return co_await handler(once);
        };
        co_return co_await context.answered.once(request, user_of(request), make);
    };
}

}  // namespace

http::Router with_rules(const http::Router& router, Context& context) {
    http::Router result;
    for (const auto& route : router.routes()) {
        const auto add = [&](const auto& handler) {
            const bool is_ours = route.pattern.starts_with(kApi);
            result.add(route.method, route.pattern,
                       is_ours ? ruled(handler, act_of(route), route.method == "POST", context) : handler,
                       route.options);
        };
        route.handler ? add(route.handler) : add(route.async_handler);
    }
    return result;
}

}  // namespace digits::api
