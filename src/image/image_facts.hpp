#pragma once

#include "image/formats.hpp"
#include "image/raster.hpp"

namespace digits {

/// What an image file is, beside its 8-bit samples.
struct ImageFacts {
    ImageFormat format = ImageFormat::kUnknown;
    int channels = 0;       ///< in the file, with alpha
    int bits = 8;           ///< of a sample in the file
    bool floating = false;  ///< the file holds floating-point samples
    double white = 255;     ///< the sample of full intensity by the header; 0 where it does not say (floats)
    SampleRange range{};    ///< of the colour samples in the file; measured for more than 8 bits only
    int orientation = 1;    ///< of EXIF, 1 to 8; with DecodeOptions::upright the samples have been turned by it

    bool is_turned() const { return orientation > 1; }
    /// Whether the samples use so little of the depth (a 12-bit scan in a 16-bit file, floats of 0 to 1) that by
    /// kByDepth at most 16 of the 256 levels remain.
    bool loses_range() const;
};

}  // namespace digits
