#pragma once

#include <string_view>

namespace digits {

/// Well-formed: shortest forms, no surrogates.
bool is_utf8(std::string_view text);

}  // namespace digits
