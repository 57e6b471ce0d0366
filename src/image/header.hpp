#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace digits {

/// The size of an image file by its first bytes.
struct ImageHeader {
    int width = 0;
    int height = 0;
    int orientation = 1;  ///< of EXIF, 1 to 8

    /// Whether the upright image has its sides exchanged.
    bool is_sideways() const { return orientation >= 5; }
    int upright_width() const { return is_sideways() ? height : width; }
    int upright_height() const { return is_sideways() ? width : height; }
};

/// So many bytes are enough for nearly every file.
inline constexpr std::size_t kHeaderBytes = std::size_t{64} << 10;

/// Of JPEG, PNG, BMP, GIF, PCX, SGI and the binary kinds of PNM. None where the bytes end too early, are damaged, or
/// are of a format whose size only decoding tells.
std::optional<ImageHeader> read_image_header(std::string_view bytes);

}  // namespace digits
