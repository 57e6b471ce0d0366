#pragma once

#include <sys/eventfd.h>

#include <cerrno>
#include <cstdint>

#include "base/result.hpp"
#include "jobs/file_handle.hpp"

namespace digits {

/// Ends another thread's poll(). Thread-safe.
class WakeUp {
  public:
    static Result<WakeUp> create() {
        WakeUp made;
        made.event_ = FileHandle(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (!made.event_) return fail(errno_error("cannot create an event handle", errno));
        return made;
    }

    /// To poll for input.
    int handle() const { return event_.get(); }
    void ring() const {
        const std::uint64_t one = 1;
        // It can only fail when a wake-up is due already.
        [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
    }
    void clear() const {
        std::uint64_t count = 0;
        [[maybe_unused]] const auto read = ::read(event_.get(), &count, sizeof count);
    }

  private:
    WakeUp() = default;
    FileHandle event_;
};

}  // namespace digits
