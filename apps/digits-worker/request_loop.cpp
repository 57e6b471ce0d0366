#include "request_loop.hpp"

#include <new>

#include "tasks.hpp"

namespace digits {
namespace {

Result<nlohmann::json> answer_one(const nlohmann::json& request, TaskHost& host, const AnswerFunction& answer) {
    if (host.abort_requested()) return fail(ErrorCode::kCancelled, "the request was cancelled");
    try {
        return answer(request, host);
    } catch (const std::bad_alloc&) {
        return fail(make_error(ErrorCode::kResourceExhausted, "the answer needs more memory than the worker may use")
                        .advise("Use smaller images or a smaller batch size"));
    } catch (const std::exception& error) {
        return fail(ErrorCode::kInternal, "unexpected: {}", error.what());
    }
}

}  // namespace

Result<nlohmann::json> answer_requests(TaskHost& host, std::chrono::seconds idle, const AnswerFunction& answer) {
    while (const auto request = host.next_request(idle)) {
        auto answered = answer_one(request->data, host, answer);
        nlohmann::json event{{"event", "response"}, {"id", request->id}};
        if (answered) {
            event["data"] = std::move(*answered);
        } else {
            event["error"] = error_json(answered.error());
        }
        host.emit(event);
    }
    if (host.task_aborted()) return fail(ErrorCode::kCancelled, "aborted");
    return nlohmann::json();
}

}  // namespace digits
