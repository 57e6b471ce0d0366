#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "metrics/rect.hpp"

namespace digits {

/// A mask of one object as COCO's run lengths: pixels column by column, first how many are 0, then how many are 1, and
/// so on. The counts sum up to height x width; only the first may be 0.
struct RunLengths {
    std::uint32_t height = 0, width = 0;
    std::vector<std::uint32_t> counts;

    bool operator==(const RunLengths&) const = default;
};

/// Of the lists of counts of annotations. Errors: kInvalidArgument when the sum is not height x width, or the size is
/// more than 2^31 pixels.
Result<RunLengths> run_lengths_of_counts(std::uint32_t height, std::uint32_t width,
                                         std::span<const std::uint32_t> counts);
/// Of the compressed text of COCO's results. Errors: kInvalidArgument for other characters, a text that ends within a
/// number, or counts that do not fit the size.
Result<RunLengths> run_lengths_of_text(std::uint32_t height, std::uint32_t width, std::string_view text);
std::string compress(const RunLengths& mask);

/// The union of polygons, each `x0, y0, x1, y1, …`, with the pixels that COCO's own tools give: edges are followed on a
/// grid 5 times as fine. A polygon of fewer than 3 points covers nothing. Errors: kInvalidArgument for an odd number of
/// coordinates, coordinates that are not finite or far away, a size as above.
Result<RunLengths> run_lengths_of_polygons(std::uint32_t height, std::uint32_t width,
                                           std::span<const std::vector<double>> polygons);
/// `pixels`: rows of bytes; what is not 0 belongs to the mask.
RunLengths encode_mask(std::uint32_t height, std::uint32_t width, std::span<const std::uint8_t> pixels);

/// 0 and 1, row by row.
std::vector<std::uint8_t> decode_rows(const RunLengths& mask);
/// 0 and 1, column by column, in the order of the runs.
std::vector<std::uint8_t> decode_columns(const RunLengths& mask);

std::uint64_t mask_area(const RunLengths& mask);
/// All 0 for an empty mask.
Rect mask_bounds(const RunLengths& mask);
/// Of masks of one size.
RunLengths mask_union(std::span<const RunLengths> masks);

/// What overlaps of one mask with many need, computed once.
struct MeasuredMask {
    const RunLengths* mask = nullptr;
    std::uint64_t area = 0;
    Rect bounds;
    std::vector<std::uint32_t> ends;  ///< of each run, counted from the first pixel
};
MeasuredMask measure(const RunLengths& mask);

/// Intersection over union, over the detection's area for a crowd (box_iou). Masks of different size: -1, as COCO's
/// tools.
double mask_iou(const MeasuredMask& detection, const MeasuredMask& truth, bool crowd = false);

}  // namespace digits
