#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/result.hpp"
#include "image/decode.hpp"

namespace digits {

/// An image for a browser: `content_type`, and `data` (base64) or, where it is large, the copy of it in the file that
/// the request calls `copy_to`, as `file`.
Result<nlohmann::json> image_answer(std::string_view content_type, std::string_view bytes,
                                    const nlohmann::json& request);

/// How the file that a question names is decoded: by `image` of its dataset, or as it is by itself. Errors:
/// kInvalidArgument.
Result<DecodeOptions> asked_decoding(const nlohmann::json& request);

}  // namespace digits
