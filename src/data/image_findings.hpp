#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/image_facts.hpp"

namespace digits {

/// Of the images with more than 8 bits a sample.
struct DepthFindings {
    std::uint64_t images = 0;
    std::uint64_t dark = 0;  ///< those that become nearly black, by ImageFacts::loses_range()
    int bits = 0;            ///< the most that a file has
    double lowest = 0;       ///< of all samples
    double highest = 0;
};

/// What the files of a dataset's images are, beside their pixels.
struct ImageFindings {
    std::uint64_t turned = 0;  ///< images that their EXIF orientation turned
    DepthFindings depth;

    /// Whether an image is anything but upright and of 8 bits; `add` changes nothing for the others.
    static bool are_in(const ImageFacts& facts) { return facts.is_turned() || facts.bits > 8 || facts.floating; }
    /// `is_scaled`: a value range is used, which no image is too dark for.
    void add(const ImageFacts& facts, bool is_scaled);
    /// A value range (ImageSpec::value_range) that keeps what the dark images hold: the bits that are used, 0 to 1 for
    /// floats within, else from the lowest to the highest value. Empty when no image is dark.
    std::vector<double> suggested_range() const;
    /// For logs, a sentence each.
    std::vector<std::string> sentences() const;
};

}  // namespace digits
