#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace digits {

/// How much an archive may hold before it is refused.
struct UnpackLimits {
    int entries = 64;
    std::uint64_t bytes = std::uint64_t{4} << 30;
    /// Of what comes out to the archive's own size, once more than `free_bytes` came out.
    std::uint64_t ratio = 200;
    std::uint64_t free_bytes = std::uint64_t{16} << 20;
};

/// Writes the members of a tar (plain, gzip, bzip2, xz) or zip archive into an empty folder and returns their names.
/// Only plain files without folders are taken, each once; nothing is ever written elsewhere. `stop` is asked now and
/// then. Errors, `where` "archive" or "archive/NAME": kInvalidArgument for no archive and for members of another kind,
/// kTooLarge over a limit, kDataLoss for a damaged one, kCancelled.
Result<std::vector<std::string>> unpack_archive(const std::filesystem::path& archive,
                                                const std::filesystem::path& folder, const UnpackLimits& limits,
                                                const std::function<bool()>& stop);

/// Whether a text can be the name of a file in a folder, and nothing else.
bool is_flat_name(std::string_view name);

}  // namespace digits
