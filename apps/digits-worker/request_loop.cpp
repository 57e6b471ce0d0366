#include "request_loop.hpp"

#include <new>

#include "tasks.hpp"

namespace digits {
namespace {

Result<nlohmann::json> answer_one(const nlohmann::json& request,
                                  const std::function<Result<nlohmann::json>(const nlohmann::json&)>& answer) {
    try {
        return answer(request);
    } catch (const std::bad_alloc&) {
        return fail(make_error(ErrorCode::kResourceExhausted, "the answer takes more memory than the worker may use")
                        .advise("Use smaller pictures or a smaller batch size"));
    } catch (const std::exception& error) {
        return fail(ErrorCode::kInternal, "unexpected: {}", error.what());
    }
}

}  // namespace

Result<nlohmann::json> answer_requests(TaskHost& host, std::chrono::seconds idle,
                                       const std::function<Result<nlohmann::json>(const nlohmann::json&)>& answer) {
    while (const auto request = host.next_request(idle)) {
        auto answered = answer_one(request->data, answer);
        nlohmann::json event{{"event", "response"}, {"id", request->id}};
        if (answered) {
            event["data"] = std::move(*answered);
        } else {
            event["error"] = error_json(answered.error());
        }
        host.emit(event);
    }
    if (host.abort_requested()) return fail(ErrorCode::kCancelled, "aborted");
    return nlohmann::json();
}

}  // namespace digits
