#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

namespace digits::api {

struct ProcessUse {
    double cores = 0;  ///< processor time a second: 1 is one core
    int threads = 0;
    std::uint64_t memory_bytes = 0;
    std::uint64_t peak_memory_bytes = 0;
};

/// Looks at processes in /proc. Not thread-safe.
class ProcessMonitor {
  public:
    /// `cores` is over the time since the look before, at least half a second: an earlier look gives the same. The
    /// first look counts from the start of the process. None: there is no such process.
    std::optional<ProcessUse> look(int pid);

  private:
    using Clock = std::chrono::steady_clock;
    struct Look {
        Clock::time_point time;
        double busy_s = 0;
        ProcessUse use;
    };
    std::map<int, Look> looks_;
};

}  // namespace digits::api
