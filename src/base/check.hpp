#pragma once

#include <string_view>

namespace digits {

/// Prints the broken invariant and aborts.
[[noreturn]] void check_failed(std::string_view condition, std::string_view file, int line);

}  // namespace digits

/// An invariant that no input can break; always on. Input errors are Results.
#define DIGITS_CHECK(condition) \
    (static_cast<bool>(condition) ? void(0) : ::digits::check_failed(#condition, __FILE__, __LINE__))
