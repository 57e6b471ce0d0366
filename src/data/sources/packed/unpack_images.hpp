#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"

namespace digits {

struct ImageArchiveLimits {
    std::uint64_t entries = 2'000'000;
    std::uint64_t bytes = std::uint64_t{64} << 30;
    /// Beyond this much, no more than so many times the archive's size: images hardly shrink, bombs do.
    std::uint64_t free_bytes = std::uint64_t{256} << 20;
    std::uint64_t ratio = 100;
};

/// Unpacks the images of a .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz into an existing folder, with the folders they
/// are in, and the files that may hold their labels (is_label_file_name). Anything else (hidden files, what macOS adds)
/// is passed over. `{"images", "bytes", "unsupported"}`,
/// the last with the number of files of each type (file_types.hpp). Errors: kInvalidArgument for paths that lead out,
/// links, devices, encrypted members and archives without images; kTooLarge over a limit; kDataLoss for a damaged
/// archive. After an error the folder is empty.
Result<nlohmann::json> unpack_images(const std::filesystem::path& archive, const std::filesystem::path& folder,
                                     const ImageArchiveLimits& limits = {});

}  // namespace digits
