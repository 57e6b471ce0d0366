#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "engine/blob.hpp"

namespace digits {

/// "cpu" or "cuda:N". Errors: kInvalidArgument; kFailedPrecondition if there is no such device here.
Result<Device> parse_device(std::string_view text);

/// The first GPU that this process may use, else the CPU.
Device default_device();

/// "cpu (2 cores)", "cuda:0".
std::string device_text(const Device& device);

}  // namespace digits
