#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "api/context.hpp"
#include "http/async.hpp"
#include "http/message.hpp"

namespace digits::api {

/// Whether a spec can be used. Errors: at the first field that is wrong, "/spec/image/width".
using SpecCheck = std::function<http::Async<Status>(const nlohmann::json& spec)>;

/// The answer to a request whose spec was refused with `first`: a problem that also tells, as `faults`, what is wrong
/// with every other field of the body (`name`, `spec`), so that a form can mark all at once. Other errors stay errors.
http::Async<Result<http::Response>> refuse_with_all_faults(Error first, nlohmann::json body, SpecCheck check);

}  // namespace digits::api
