#include "data/sources/scan_limits.hpp"

namespace digits {
namespace {

constexpr std::size_t kReportEvery = 1000;

}  // namespace

ScanGuard::ScanGuard(const ScanLimits& limits, std::function<void(std::size_t)> found)
    : limits_(limits), found_(std::move(found)) {}

void ScanGuard::add_images(std::size_t count) {
    const auto before = images_.fetch_add(count);
    const auto thousands = (before + count) / kReportEvery;
    if (before / kReportEvery == thousands || !found_) return;
    const std::lock_guard lock(mutex_);
    found_(thousands * kReportEvery);
}

Status ScanGuard::check() {
    if (entries_ > limits_.entries)
        return fail(make_error(ErrorCode::kTooLarge, "there are more than {} files and folders", limits_.entries)
                        .advise("choose a folder that holds only the images"));
    if (limits_.time && std::chrono::steady_clock::now() - start_ > *limits_.time)
        return fail(make_error(ErrorCode::kTooLarge, "looking for images takes longer than {} s",
                               std::chrono::duration<double>(*limits_.time).count())
                        .advise("choose a folder that holds only the images"));
    if (!limits_.cancelled) return {};
    const std::lock_guard lock(mutex_);
    return limits_.cancelled() ? fail(ErrorCode::kCancelled, "stopped") : Status();
}

}  // namespace digits
