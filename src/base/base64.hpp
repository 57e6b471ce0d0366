#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digits {

/// RFC 4648, with padding.
std::string encode_base64(std::string_view bytes);
/// What encode_base64() makes; kDataLoss for anything else.
Result<std::string> decode_base64(std::string_view text);

}  // namespace digits
