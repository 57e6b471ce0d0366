#pragma once

#include "api/context.hpp"
#include "http/router.hpp"

namespace digits::api {

/// Puts the rules that hold for all of /api/v1 before its handlers. Whatever changes a job needs the right to change it
/// (access.hpp), unless the route is known to change nothing; If-Match and If-None-Match; Idempotency-Key.
http::Router with_rules(const http::Router& router, Context& context);

}  // namespace digits::api
