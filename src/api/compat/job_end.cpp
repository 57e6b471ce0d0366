#include "api/compat/job_end.hpp"

#include <memory>
#include <mutex>

namespace digits::api::compat {
namespace {

using Changed = http::Callback<bool>;

/// Tells one waiter at a time that something was new.
class News {
  public:
    void tell() {
        Changed::Done waiting;
        {
            const std::scoped_lock lock(mutex_);
            waiting = std::exchange(waiting_, nullptr);
            if (!waiting) unread_ = true;
        }
        if (waiting) waiting(true);
    }
    void wait(Changed::Done done) {
        {
            const std::scoped_lock lock(mutex_);
            if (!std::exchange(unread_, false)) {
                waiting_ = std::move(done);
                return;
            }
        }
        done(true);
    }

  private:
    std::mutex mutex_;
    bool unread_ = true;
    Changed::Done waiting_;
};

}  // namespace

http::Async<Status> wait_for_end(std::string id, JobManager& jobs) {
    const auto news = std::make_shared<News>();
    struct Subscription {
        JobManager& jobs;
        int number;
        ~Subscription() { jobs.unsubscribe(number); }
    };
    const Subscription subscription{jobs, jobs.subscribe([news, id](const JobEvent& event) {
                                        if (event.job_id == id) news->tell();
                                    })};
    while (true) {
        Changed changed([news](Changed::Done done) -> Changed::GiveUp {
            news->wait(std::move(done));
            return {};
        });
        DIGITS_CO_TRY(co_await changed);
        const auto job = jobs.get(id);
        if (!job) co_return fail(job.error());
        if (is_final(job->state)) co_return Status();
    }
}

}  // namespace digits::api::compat
