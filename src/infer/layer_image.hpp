#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "image/image.hpp"

namespace digits {

/// What is told of the numbers in a layer, as numpy counts it. Numbers that are not finite are left out.
struct LayerStatistics {
    static constexpr std::size_t kBins = 20;
    double mean = 0, deviation = 0;
    double low = 0, high = 0;  ///< where the histogram begins and ends
    std::array<std::uint64_t, kBins> histogram{};
};
LayerStatistics layer_statistics(const float* values, std::size_t count);

struct LayerImageOptions {
    bool heat = true;       ///< blue to red; else grey
    bool normalize = true;  ///< to the least and greatest value; else values of 0 … 1
};

/// The tiles that DIGITS draws of a layer: one for each plane (or colour image of three planes in B, G, R order) side
/// by side in a square with white gaps, as many as 1,200 pixels hold, enlarged to at least 100 pixels. `shape` as
/// Caffe's, without the batch for activations.
Image layer_image(const float* values, const std::vector<std::int64_t>& shape, const LayerImageOptions& options);

}  // namespace digits
