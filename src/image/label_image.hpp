#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "image/decode.hpp"

namespace digits {

/// An image file whose pixels are classes: numbers, or colors that stand for them.
struct LabelImage {
    int width = 0;
    int height = 0;
    bool has_colors = false;             ///< `values` are 0xrrggbb; else numbers
    std::vector<std::uint32_t> values;   ///< row by row
    std::vector<std::uint32_t> palette;  ///< of numbers that stand for colors, 0xrrggbb; else empty
    std::vector<std::uint8_t> alpha{};   ///< row by row, of files that have it; else empty

    /// Whether nothing but alpha tells pixels apart: all have one color, and not one alpha.
    bool differs_only_in_alpha() const;
};

/// The numbers of grey and palette images, the colors of others, as in numpy's array of Pillow's image. Alpha changes
/// neither. Upright. Errors: as decode_image, kUnsupported for samples that are not whole numbers from 0 to 65535.
Result<LabelImage> decode_label_image(std::string_view bytes, const DecodeOptions& options = {});

}  // namespace digits
