#include "cli/until_stopped.hpp"

#include <signal.h>
#include <sys/stat.h>

namespace digits::cli {

Status run_until_stopped(const std::function<Result<std::shared_ptr<void>>()>& start) {
    // Of workers, too.
    ::umask(077);
    // Blocked before the server's threads start, so that only this one takes them.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    DIGITS_ASSIGN(const auto server, start());
    int signal = 0;
    sigwait(&signals, &signal);
    return {};
}

}  // namespace digits::cli
