#pragma once

#include <functional>
#include <memory>

#include "base/result.hpp"

namespace digits::cli {

/// Starts a server by `start`, whose result stops it when it is destroyed, and waits for SIGINT or SIGTERM. Files that
/// it and its workers write are for this user alone.
Status run_until_stopped(const std::function<Result<std::shared_ptr<void>>()>& start);

}  // namespace digits::cli
