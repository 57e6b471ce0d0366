#include "api/jobs/job_pages.hpp"

#include <nlohmann/json.hpp>

#include "api/access.hpp"
#include "api/jobs/job_view.hpp"
#include "api/requests/conditional.hpp"
#include "api/requests/messages.hpp"

namespace digits::api {
namespace {

using nlohmann::json;

Result<std::vector<JobState>> parse_states(const std::string& text) {
    std::vector<JobState> states;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find(',', begin), text.size());
        const auto word = text.substr(begin, end - begin);
        const auto state = find_enum<JobState>(word);
        if (!state)
            return fail(make_error(ErrorCode::kInvalidArgument, "\"{}\" is not a state; the states are {}", word,
                                   enum_words<JobState>())
                            .at("?state"));
        states.push_back(*state);
        begin = end + 1;
    }
    return states;
}

}  // namespace

Result<http::Response> list_jobs(const http::Request& request, Context& context, std::string kind) {
    JobQuery query;
    query.kind = std::move(kind);
    if (const auto* text = request.find_query("kind"); text && query.kind.empty()) {
        if (!context.jobs.kinds().find(*text))
            return fail(make_error(ErrorCode::kInvalidArgument, "\"{}\" is not a kind of job; the kinds are {}", *text,
                                   context.jobs.kinds().names())
                            .at("?kind"));
        query.kind = *text;
    }
    if (const auto* text = request.find_query("state")) {
        DIGITS_ASSIGN(query.states, parse_states(*text));
    }
    if (const auto* text = request.find_query("q")) query.text = *text;
    if (const auto* text = request.find_query("owner")) query.owner = *text;
    if (const auto* text = request.find_query("sort")) {
        query.descending = text->starts_with("-");
        const auto sort = find_enum<JobSort>(text->substr(query.descending ? 1 : 0));
        if (!sort)
            return fail(make_error(ErrorCode::kInvalidArgument, "cannot sort by \"{}\"; sort by one of {}", *text,
                                   enum_words<JobSort>())
                            .at("?sort"));
        query.sort = *sort;
    }
    DIGITS_ASSIGN(const auto limit, query_number(request, "limit", 50, 1, 500));
    query.limit = static_cast<int>(limit);
    query.brief = true;
    if (const auto* text = request.find_query("cursor")) query.cursor = *text;
    DIGITS_ASSIGN(const auto page, context.jobs.list_rows(query));
    std::string body = R"({"items":[)";
    for (const auto& row : page.rows) {
        if (body.back() != '[') body += ',';
        body += *row.text;
    }
    // A cursor is hex digits.
    body += fmt::format(R"(],"next_cursor":{},"total":{}}})",
                        page.next_cursor.empty() ? "null" : '"' + page.next_cursor + '"', page.total);
    return http::Response::bytes(200, "application/json", std::move(body));
}

namespace {

http::Response made_response(const Job& job) {
    auto response = json_response(201, job_view(job, Detail::kFull));
    response.set_header("Location", "/api/v1/jobs/" + job.id);
    tag_job(response, job);
    return response;
}

}  // namespace

Result<http::Response> submit_job(JobRequest wanted, const http::Request& request, Context& context) {
    wanted.owner = user_of(request);
    wanted.key = context.answered.key_of(request, wanted.owner);
    DIGITS_ASSIGN(const auto job, context.jobs.submit(std::move(wanted)));
    return made_response(job);
}

Result<std::optional<http::Response>> answer_of_made(const http::Request& request, const Context& context) {
    const auto key = context.answered.key_of(request, user_of(request));
    if (!key) return std::nullopt;
    DIGITS_ASSIGN(const auto made, context.jobs.find_made(key->user, key->key));
    if (!made) return std::nullopt;
    if (made->fingerprint != key->fingerprint) return fail(key_of_another_request());
    const auto job = context.jobs.get(made->job_id);
    if (!job) return std::nullopt;
    return made_response(*job);
}

}  // namespace digits::api
