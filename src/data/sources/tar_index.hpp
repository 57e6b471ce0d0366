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

/// The members of a tar file (ustar, pax, GNU), without reading their bytes. Errors, at the file: kDataLoss for a
/// damaged or compressed one, kPermissionDenied outside `roots`, those of `guard`.
Result<std::vector<TarMember>> index_tar(const std::string& path, const ReadableRoots& roots, ScanGuard& guard);
/// Some bytes of a file that a user named. Errors, at the file: as above.
Result<std::string> read_part(const std::string& path, std::uint64_t offset, std::uint64_t size,
                              const ReadableRoots& roots);

}  // namespace digits
