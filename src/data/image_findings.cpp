#include "data/image_findings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "data/sources/file_types.hpp"

namespace digits {

void ImageFindings::add(const ImageFacts& facts, bool is_scaled) {
    if (facts.is_turned()) ++turned;
    if (facts.bits <= 8 && !facts.floating) return;
    const bool first = depth.images++ == 0;
    depth.bits = std::max(depth.bits, facts.bits);
    depth.lowest = first ? facts.range.lowest : std::min(depth.lowest, facts.range.lowest);
    depth.highest = first ? facts.range.highest : std::max(depth.highest, facts.range.highest);
    if (!is_scaled && facts.loses_range()) ++depth.dark;
}

std::vector<double> ImageFindings::suggested_range() const {
    if (depth.dark == 0 || depth.highest <= depth.lowest) return {};
    if (depth.lowest < 0) return {depth.lowest, depth.highest};
    if (depth.highest <= 1) return {0, 1};
    const bool whole = std::trunc(depth.highest) == depth.highest && std::trunc(depth.lowest) == depth.lowest;
    return {0, whole ? std::exp2(std::ceil(std::log2(depth.highest + 1))) - 1 : depth.highest};
}

std::vector<std::string> ImageFindings::sentences() const {
    std::vector<std::string> said;
    if (turned > 0)
        said.push_back(fmt::format("{} {} turned upright by {} EXIF orientation", count_of(turned, "image"),
                                   turned == 1 ? "is" : "are", turned == 1 ? "its" : "their"));
    if (depth.dark > 0)
        said.push_back(
            fmt::format("{} of {} bits {} nearly black: all values are from {} to {}. Set the value range to {}",
                        count_of(depth.dark, "image"), depth.bits, depth.dark == 1 ? "becomes" : "become", depth.lowest,
                        depth.highest, fmt::join(suggested_range(), ", ")));
    return said;
}

}  // namespace digits
