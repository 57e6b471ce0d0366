#pragma once

#include <fmt/format.h>

#include <span>
#include <string>
#include <utility>

namespace digits {

/// A whole sentence for people who read an evaluation. The web application translates what is written here
/// (web/scripts/server_messages.ts).
template <class... Values>
std::string sentence(fmt::format_string<Values...> format, Values&&... values) {
    return fmt::format(format, std::forward<Values>(values)...);
}

/// The name of a class, or "class 3" where none is known.
inline std::string class_words(std::span<const std::string> names, int label) {
    const auto at = static_cast<std::size_t>(label);
    return at < names.size() && !names[at].empty() ? names[at] : fmt::format("class {}", label);
}

}  // namespace digits
