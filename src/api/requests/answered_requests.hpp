#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "http/message.hpp"
#include "jobs/manager.hpp"

namespace digits::api {

/// What was made for requests with an `Idempotency-Key`, kept for a day in the database: the same request again makes
/// nothing and gets the same answer, also after a restart. Thread-safe.
class AnsweredRequests {
  public:
    static Result<std::unique_ptr<AnsweredRequests>> open(const std::filesystem::path& database);
    ~AnsweredRequests();

    /// The kept answer, else that of `handler`, which is kept if it made something (201). Without the header: just the
    /// handler. Errors: kInvalidArgument for a key that came with another request before; kFailedPrecondition while the
    /// first one is still at work.
    Result<http::Response> once(const http::Request& request, const std::string& user, const http::Handler& handler);
    /// The same for a handler that waits.
    http::Async<Result<http::Response>> once(const http::Request& request, std::string user,
                                             const http::AsyncHandler& handler);

    /// The key of a request while its handler is at work, to be kept with what it makes.
    std::optional<RequestKey> key_of(const http::Request& request, const std::string& user) const;

  private:
    struct State;
    class Work;
    Result<std::optional<http::Response>> begin(const http::Request& request, const std::string& user, Work& work);
    explicit AnsweredRequests(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// kInvalidArgument: this key came with another request before.
Error key_of_another_request();

}  // namespace digits::api
