#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/result.hpp"

namespace digits {

/// An image for a browser: `content_type`, and `data` (base64) or, where it is large, the copy of it in the file that
/// the request calls `copy_to`, as `file`.
Result<nlohmann::json> image_answer(std::string_view content_type, std::string_view bytes,
                                    const nlohmann::json& request);

}  // namespace digits
