#pragma once

#include <string>
#include <string_view>

namespace digits {

/// A text for a place between tags, or in an attribute in double quotes, of HTML or XML.
std::string escape_markup(std::string_view text);

}  // namespace digits
