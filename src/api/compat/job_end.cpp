#include "api/compat/job_end.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace digits::api::compat {
namespace {

/// Longer than a worker may take to end, or to read a model.
constexpr auto kPatience = std::chrono::minutes(2);

}  // namespace

Status wait_for_end(const std::string& id, JobManager& jobs) {
    std::mutex mutex;
    std::condition_variable changed;
    bool news = true;
    const int subscription = jobs.subscribe([&](const JobEvent& event) {
        if (event.job_id != id) return;
        const std::scoped_lock lock(mutex);
        news = true;
        changed.notify_all();
    });
    Status ended = fail(ErrorCode::kUnavailable, "{} does not end", id);
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (true) {
        {
            std::unique_lock lock(mutex);
            if (!changed.wait_until(lock, deadline, [&] { return news; })) break;
            news = false;
        }
        const auto job = jobs.get(id);
        if (!job || is_final(job->state)) {
            ended = job ? Status{} : Status(fail(job.error()));
            break;
        }
    }
    jobs.unsubscribe(subscription);
    return ended;
}

}  // namespace digits::api::compat
