#pragma once

#include <string_view>

#include "base/result.hpp"
#include "image/decode.hpp"

namespace digits::codec {

/// Whether the tables that OpenJPEG makes for the headers of a codestream (of tiles, components, resolutions, precincts
/// and code-blocks) are in proportion to its samples and to the size of the file: each tile and each precinct takes at
/// least a byte of a sound file. `bytes`: a JP2 file or a codestream; where there is no codestream, the decoder says
/// so. Errors: kTooLarge for more samples than 4 times `limits.max_pixels`, kDataLoss for tables out of proportion.
Status check_jpeg2000_tables(std::string_view bytes, const DecodeLimits& limits);

}  // namespace digits::codec
