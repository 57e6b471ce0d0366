#pragma once

#include <string>
#include <string_view>

namespace digits {

/// RFC 4648, with padding.
std::string encode_base64(std::string_view bytes);

}  // namespace digits
