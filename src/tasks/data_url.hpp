#pragma once

#include <string>
#include <string_view>

#include "base/base64.hpp"

namespace digits {

/// What a page shows at once: "data:image/png;base64,…".
inline std::string png_data_url(std::string_view png) { return "data:image/png;base64," + encode_base64(png); }

}  // namespace digits
