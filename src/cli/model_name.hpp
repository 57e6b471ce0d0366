#pragma once

#include <string>

namespace digits::cli {

/// What is wrong with the name that a model has in addresses and in a model repository; "" for a good one.
std::string check_model_name(const std::string& name);

}  // namespace digits::cli
