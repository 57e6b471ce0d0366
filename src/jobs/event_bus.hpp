#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "jobs/manager.hpp"

namespace digits {

/// The subscribers to events. Thread-safe; its lock is held while callbacks run, so that none runs after
/// `unsubscribe`.
class EventBus {
  public:
    using Callback = JobManager::EventCallback;

    int subscribe(Callback callback) {
        const std::scoped_lock lock(mutex_);
        subscribers_.emplace(next_, std::move(callback));
        return next_++;
    }
    void unsubscribe(int subscription) {
        const std::scoped_lock lock(mutex_);
        subscribers_.erase(subscription);
    }
    void publish(const std::vector<JobEvent>& events) const {
        const std::scoped_lock lock(mutex_);
        for (const auto& event : events)
            for (const auto& [subscription, callback] : subscribers_) callback(event);
    }

  private:
    mutable std::mutex mutex_;
    std::map<int, Callback> subscribers_;
    int next_ = 1;
};

}  // namespace digits
