#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

#include "base/result.hpp"

namespace digits {

/// How far the samples of a source are looked for.
struct ScanLimits {
    std::uint64_t entries = 100'000'000;  ///< names in folders and lines of lists
    int depth = 64;                       ///< folders inside each other
    std::optional<std::chrono::milliseconds> time;
    std::function<bool()> cancelled;  ///< asked now and then, by one thread at a time
};

/// Counts what all threads of a scan look at and says when to stop.
class ScanGuard {
  public:
    /// `found` is called now and then with the number of images so far, by one thread at a time.
    explicit ScanGuard(const ScanLimits& limits, std::function<void(std::size_t)> found = {});

    /// One more name or line. Errors: kTooLarge over a limit, kCancelled.
    Status add_entry() { return add_entries(1); }
    /// The same for several: threads that look at many together are faster than one by one.
    Status add_entries(std::uint64_t count) {
        const auto before = entries_.fetch_add(count);
        const bool asks = before / kAskEvery != (before + count) / kAskEvery;
        return asks || before + count > limits_.entries ? check() : Status();
    }
    /// More images among them.
    void add_image() { add_images(1); }
    void add_images(std::size_t count);
    /// The time and whether somebody asked to stop.
    Status check();
    int depth() const { return limits_.depth; }

  private:
    static constexpr std::uint64_t kAskEvery = 256;

    const ScanLimits& limits_;
    const std::function<void(std::size_t)> found_;
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::atomic<std::uint64_t> entries_ = 0;
    std::atomic<std::size_t> images_ = 0;
    std::mutex mutex_;
};

}  // namespace digits
