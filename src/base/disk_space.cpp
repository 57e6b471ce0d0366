#include "base/disk_space.hpp"

#include <cerrno>

namespace digits {
namespace {

namespace fs = std::filesystem;

/// A write of a page or a block may fail although a little less is free.
constexpr std::int64_t kNearlyFull_bytes = 1 << 20;

}  // namespace

std::string size_text(std::int64_t bytes) {
    constexpr const char* kUnits[]{"bytes", "KB", "MB", "GB", "TB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1000 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
    const int digits = unit >= 3 || (unit > 0 && value < 10) ? 1 : 0;
    return fmt::format("{:.{}f} {}", value, digits, kUnits[unit]);
}

std::optional<std::int64_t> free_disk_bytes(const fs::path& path) {
    std::error_code error;
    auto place = fs::absolute(path, error);
    while (!error && !fs::exists(place, error) && place.has_relative_path()) place = place.parent_path();
    const auto space = fs::space(place, error);
    if (error) return std::nullopt;
    return static_cast<std::int64_t>(space.available);
}

Error disk_full_error(const fs::path& path, std::int64_t needed) {
    const auto free = size_text(free_disk_bytes(path).value_or(0));
    auto error = needed > 0 ? make_error(ErrorCode::kResourceExhausted,
                                         "No space left on device: needs about {}, {} are free where {} is",
                                         size_text(needed), free, path.string())
                            : make_error(ErrorCode::kResourceExhausted,
                                         "No space left on device: {} are free where {} is", free, path.string());
    return std::move(error).advise(
        "Delete jobs that you no longer need and empty the trash, or move the data folder to a larger disk");
}

Error write_error(std::string_view what, const fs::path& path, int errno_value, std::int64_t needed) {
    const bool told = errno_value == ENOSPC || errno_value == EDQUOT;
    const bool hidden = errno_value == EIO && free_disk_bytes(path).value_or(kNearlyFull_bytes) < kNearlyFull_bytes;
    return told || hidden ? disk_full_error(path, needed) : errno_error(what, errno_value);
}

Status check_disk_space(const fs::path& path, std::int64_t needed) {
    const auto free = free_disk_bytes(path);
    if (!free || needed <= *free) return {};
    return fail(disk_full_error(path, needed));
}

}  // namespace digits
