#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

namespace digits {

/// A whole sentence for people who read an evaluation. The web application translates what is written here
/// (web/scripts/server_messages.ts).
template <class... Values>
std::string sentence(fmt::format_string<Values...> format, Values&&... values) {
    return fmt::format(format, std::forward<Values>(values)...);
}

}  // namespace digits
