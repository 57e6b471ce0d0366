#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace digits {

/// Turns a task's events into lines for people in the log; progress at most once a second. Not thread-safe.
class ReadableLog {
  public:
    void write(const nlohmann::json& event);

  private:
    using Clock = std::chrono::steady_clock;
    bool may_tell_progress();
    void write_progress(const nlohmann::json& event);
    void write_metrics(const nlohmann::json& event);

    Clock::time_point last_progress_{};
    std::string last_step_;  ///< with how much of it was done
};

}  // namespace digits
