#pragma once

#include <cstdint>
#include <string>

#include "data/dataset_spec.hpp"
#include "data/sources/lists.hpp"
#include "image/image.hpp"

namespace digits {

/// A picture file, or a rectangle of it, as it is; errors of the file and of the decoder. Whatever one picture does,
/// this returns.
Result<Image> load_original(const ListEntry& entry);

/// A picture as it goes into the database, or why not.
Result<Image> load_picture(const ListEntry& entry, const ImageSpec& image, std::uint64_t noise_seed);

}  // namespace digits
