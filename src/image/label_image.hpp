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
};

/// The numbers of grey and palette images, the colors of others; alpha is not looked at. Upright. Errors: as
/// decode_image, kUnsupported for samples that are floats.
Result<LabelImage> decode_label_image(std::string_view bytes, const DecodeOptions& options = {});

}  // namespace digits
