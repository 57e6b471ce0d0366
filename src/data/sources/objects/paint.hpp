#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "data/sample.hpp"
#include "data/sources/objects/outline.hpp"

namespace digits {

/// The mask of outlines with their classes, counted from 0, which become 1 and so on; 0 is the background. Smaller
/// objects are painted over larger ones. Errors: kInvalidArgument for an outline that does not fit the image.
Result<Mask> paint_mask(const std::vector<std::pair<int, Outline>>& outlines, int width, int height);

/// "#rrggbb" for each class, as Pascal VOC colors them: 0 is black.
std::vector<std::string> class_colors(std::size_t count);
std::string color_text(std::uint32_t rgb);

/// Black at the right and at the bottom, as DIGITS pads for DetectNet. Errors: kInvalidArgument for a larger image.
Result<Image> pad_with_black(Image image, int width, int height);

}  // namespace digits
