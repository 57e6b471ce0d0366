#pragma once

#include <functional>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "api/compat/forms/arguments.hpp"
#include "api/context.hpp"
#include "http/router.hpp"

namespace digits::api::compat {

using Handler = std::function<Result<http::Response>(const Arguments&)>;
/// One that waits.
using AsyncHandler = std::function<http::Async<Result<http::Response>>(const Arguments&)>;

/// kLargeForm: with files as large as models.
enum class Body { kNone, kForm, kLargeForm };

/// What a route's GET does. kChange: other pages may not make a browser use it.
enum class Effect { kNone, kChange };

/// Adds a route whose errors are answered as DIGITS does. `methods`: "GET", "POST".
void add_route(http::Router& router, std::initializer_list<const char*> methods, const std::string& path,
               const Handler& handler, Body body = Body::kNone, Effect effect = Effect::kNone);
void add_route(http::Router& router, std::initializer_list<const char*> methods, const std::string& path,
               const AsyncHandler& handler, Body body = Body::kNone, Effect effect = Effect::kNone);
/// The same under `path`, `path.json` and `path/json`.
void add_both(http::Router& router, std::initializer_list<const char*> methods, const std::string& path,
              const Handler& handler, Body body = Body::kNone);
void add_both(http::Router& router, std::initializer_list<const char*> methods, const std::string& path,
              const AsyncHandler& handler, Body body = Body::kNone);

/// Questions about images: add_both() with GET and POST under `place` + name, each with a form.
using Question = http::Async<Result<http::Response>> (*)(const Arguments&, Context&);
void add_questions(http::Router& router, Context& context, const std::string& place,
                   std::initializer_list<std::pair<const char*, Question>> questions);

/// `{"error": {"message", "type", "description"}}` as JSON, or a line of text for other clients.
http::Response error_response(const http::Request& request, const Error& error);
/// 400 with `{"errors": {field: [message]}}`.
http::Response form_errors(const nlohmann::json& errors);
http::Response text_response(int status, std::string text);
http::Response redirect(std::string place);

/// The name given as `username` in the query, form or cookie. Errors: kUnauthenticated without one, kInvalidArgument
/// for one that DIGITS does not take.
Result<std::string> require_user(const Arguments& arguments);
/// Empty if there is none; not checked.
std::string find_user(const Arguments& arguments);

/// The job called `id`, or kNotFound with DIGITS's words. `kind`: "dataset", "model", or empty for any.
Result<Job> find_job(const std::string& id, const Context& context, std::string_view kind = "");
/// The job that the argument `job_id` names.
Result<Job> argument_job(const Arguments& arguments, const Context& context, std::string_view kind);

}  // namespace digits::api::compat
