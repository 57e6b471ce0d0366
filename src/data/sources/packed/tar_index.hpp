#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/safe_path.hpp"
#include "data/sources/scan_limits.hpp"

namespace digits {

/// A regular file in a tar file that is not compressed.
struct TarMember {
    std::string name;
    std::uint64_t offset = 0;  ///< of its bytes
    std::uint64_t size = 0;
};

struct TarIndex {
    std::vector<TarMember> members;  ///< all whole
    bool has_end = false;            ///< a block of zeros ends the file; without it members may be missing
};

/// The members of a tar file (ustar, pax, GNU), without reading their bytes. Errors, at the file: kDataLoss for one
/// that is damaged, compressed, or cut off in a member, and for a later volume that begins within one,
/// kPermissionDenied outside `roots`, those of `guard`.
Result<TarIndex> index_tar(const std::string& path, const ReadableRoots& roots, ScanGuard& guard);
/// Whether a file has the header of a tar file, is not compressed, and does not end with the block of zeros that ends
/// tar files.
bool is_tar_without_end(const std::string& path, const ReadableRoots& roots);
/// Some bytes of a file that a user named. Errors, at the file: as above.
Result<std::string> read_part(const std::string& path, std::uint64_t offset, std::uint64_t size,
                              const ReadableRoots& roots);

}  // namespace digits
