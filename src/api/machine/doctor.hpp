#pragma once

#include <nlohmann/json_fwd.hpp>

#include "api/context.hpp"

namespace digits::api {

/// The contract's `Doctor`: looks for what is missing on this machine.
nlohmann::json examine(const Context& context);

}  // namespace digits::api
