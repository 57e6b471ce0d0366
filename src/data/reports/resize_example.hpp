#pragma once

#include <nlohmann/json_fwd.hpp>

#include "data/dataset_spec.hpp"

namespace digits {

/// What each resize mode makes of one image, as it would be stored: `image` (path), `width`, `height`, `channels`
/// of the original, and `modes`: a list of `{"mode", "bytes", "data"}` with the size of the record and a data URL of
/// what is in it. `path` empty: an image of the source. Errors: those of the source and of the image.
Result<nlohmann::json> resize_example(const DatasetSpec& spec, const std::string& path, const ScanLimits& limits = {});

/// An image as a data URL, shrunk to at most `most_side` pixels a side.
Result<std::string> image_url(const Image& image, int most_side);

}  // namespace digits
