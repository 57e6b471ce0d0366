#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace digits::api {

inline constexpr std::uint64_t kMostLogo_bytes = 256 << 10;  ///< of a preview image, too
inline constexpr std::size_t kMostPreviews = 4;

/// The media type of an image of a kind that browsers show and that runs nothing, by its first bytes: PNG, JPEG, GIF,
/// WebP. Empty for anything else.
std::string_view logo_type(std::string_view bytes);

struct StoreLogo {
    std::string bytes;
    std::string_view type;
};

}  // namespace digits::api
