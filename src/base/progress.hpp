#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "base/task_context.hpp"

namespace digits {

/// Counts what is done and tells it as `progress` events with rate and time left, at most every `interval`;
/// thread-safe.
class ProgressMeter {
  public:
    /// `step` names what is going on ("create train_db"), `unit` what is counted ("images"). `total` 0: not known yet.
    ProgressMeter(TaskContext& context, std::string step, std::string unit, std::uint64_t total,
                  std::chrono::milliseconds interval = std::chrono::milliseconds(250));
    /// Sends the last event.
    ~ProgressMeter();
    ProgressMeter(const ProgressMeter&) = delete;
    ProgressMeter& operator=(const ProgressMeter&) = delete;

    void add(std::uint64_t n = 1);
    void set_total(std::uint64_t total);

  private:
    void send(std::chrono::steady_clock::time_point now);

    TaskContext& context_;
    const std::string step_;
    const std::string unit_;
    const std::chrono::milliseconds interval_;
    const std::chrono::steady_clock::time_point start_;
    std::mutex mutex_;
    std::uint64_t done_ = 0;
    std::uint64_t total_;
    std::chrono::steady_clock::time_point last_sent_;
};

}  // namespace digits
