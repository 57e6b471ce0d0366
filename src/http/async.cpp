#include "http/async.hpp"

namespace digits::http {

void Scope::cancel(Error reason) {
    std::shared_ptr<Wait> waiting;
    {
        const std::scoped_lock lock(mutex_);
        if (cancelled_) return;
        cancelled_ = reason;
        waiting = std::move(waiting_);
    }
    if (waiting) waiting->cancel(reason);
}

std::optional<Error> Scope::cancelled() const {
    const std::scoped_lock lock(mutex_);
    return cancelled_;
}

bool Scope::enter(std::shared_ptr<Wait> wait) {
    const std::scoped_lock lock(mutex_);
    if (cancelled_) return false;
    waiting_ = std::move(wait);
    return true;
}

void Scope::leave() {
    const std::scoped_lock lock(mutex_);
    waiting_ = nullptr;
}

}  // namespace digits::http
