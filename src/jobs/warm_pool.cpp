#include "jobs/warm_pool.hpp"

#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/log.hpp"
#include "jobs/crash.hpp"
#include "jobs/event_log.hpp"

namespace digits {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::size_t kReadLimit_bytes = 4 << 20;
constexpr auto kLongSleep = std::chrono::seconds(60);
/// Where the kernel cannot tell us when a process ends.
constexpr auto kLookInterval = std::chrono::milliseconds(200);

std::string print(const json& data) { return data.dump(-1, ' ', false, json::error_handler_t::replace); }

/// The first `tasks/<kind>-<n>` that no worker holds, emptied.
Result<fs::path> make_task_dir(const WarmTask& task, const std::vector<fs::path>& taken) {
    for (int n = 0;; ++n) {
        const auto dir = task.folder / "tasks" / (task.kind + "-" + std::to_string(n));
        if (std::ranges::find(taken, dir) != taken.end() || is_worker_locked(dir)) continue;
        std::error_code error;
        fs::remove_all(dir, error);
        fs::create_directories(dir, error);
        if (error) return fail(errno_error("cannot create " + dir.string(), error.value()));
        return dir;
    }
}

int milliseconds_until(WarmPool::Clock::time_point until) {
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - WarmPool::Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(wait, 0, 60'000));
}

std::chrono::seconds idle_time(const WarmTask& task) { return std::chrono::seconds(task.grant.limits.idle_s); }

Error removed(const WarmTask& task) {
    return make_error(ErrorCode::kNotFound, "{} {} was removed", task.noun, task.owner);
}

}  // namespace

WarmPool::WarmPool(Options options, WakeUp wake_up) : options_(std::move(options)), wake_up_(std::move(wake_up)) {}

Result<std::unique_ptr<WarmPool>> WarmPool::create(Options options) {
    DIGITS_ASSIGN(auto wake_up, WakeUp::create());
    auto pool = std::unique_ptr<WarmPool>(new WarmPool(std::move(options), std::move(wake_up)));
    pool->thread_ = std::thread([raw = pool.get()] { raw->run(); });
    return pool;
}

WarmPool::~WarmPool() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    wake_up_.ring();
    thread_.join();
}

// -------------------------------------------------------------------------------------------------- from any thread

WarmPool::RequestId WarmPool::ask(WarmRequest request, Callback callback) {
    const std::scoped_lock lock(mutex_);
    const auto id = ++last_id_;
    const auto deadline = Clock::now() + options_.wait;
    Pending pending{id, std::move(request), std::move(callback), deadline};
    if (stopping_) {
        answer(pending, fail(ErrorCode::kUnavailable, "the server is stopping"));
    } else if (queue_.size() >= options_.max_waiting) {
        answer(pending, fail(make_error(ErrorCode::kUnavailable, "{} is busy: {} requests are waiting",
                                        pending.request.task.noun, queue_.size())
                                 .advise("Try again later")));
    } else {
        queue_.push_back(std::move(pending));
    }
    wake_up_.ring();
    return id;
}

void WarmPool::cancel(RequestId id) {
    const std::scoped_lock lock(mutex_);
    const auto cancelled = [] { return fail(ErrorCode::kCancelled, "the request was cancelled"); };
    for (auto& worker : workers_) {
        if (!worker.pending || worker.pending->id != id) continue;
        answer(*worker.pending, cancelled());
        worker.pending.reset();
        worker.process.send(print({{"command", "cancel"}, {"id", std::to_string(id)}}));
        worker.cancelled_until = Clock::now() + options_.cancel_grace;
    }
    std::erase_if(queue_, [&](Pending& pending) {
        if (pending.id != id) return false;
        answer(pending, cancelled());
        return true;
    });
    wake_up_.ring();
}

void WarmPool::close_owner(std::string_view job_id) {
    const std::scoped_lock lock(mutex_);
    for (auto& worker : workers_) {
        if (worker.task.owner != job_id) continue;
        worker.failed = removed(worker.task);
        end(worker);
    }
    std::erase_if(queue_, [&](Pending& pending) {
        if (pending.request.task.owner != job_id) return false;
        answer(pending, fail(removed(pending.request.task)));
        return true;
    });
    wake_up_.ring();
}

std::size_t WarmPool::worker_count() const {
    const std::scoped_lock lock(mutex_);
    return workers_.size();
}

// ------------------------------------------------------------------------------------------------------ the thread

void WarmPool::run() {
    // A worker that closed its input must not end the server.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    for (;;) {
        std::vector<Answer> answers;
        std::vector<pollfd> waiting;
        Clock::time_point until;
        bool last = false;
        {
            const std::scoped_lock lock(mutex_);
            last = stopping_;
            if (last) {
                stop();
            } else {
                step(Clock::now());
            }
            answers.swap(answers_);
            waiting = handles();
            until = next_deadline().value_or(Clock::now() + kLongSleep);
        }
        for (auto& answer : answers) answer.callback(std::move(answer.result));
        if (last) return;
        waiting.push_back({wake_up_.handle(), POLLIN, 0});
        ::poll(waiting.data(), waiting.size(), milliseconds_until(until));
        wake_up_.clear();
    }
}

std::vector<pollfd> WarmPool::handles() const {
    std::vector<pollfd> handles;
    for (const auto& worker : workers_) {
        for (const int fd : {worker.process.output(), worker.process.exit_handle()})
            if (fd >= 0) handles.push_back({fd, POLLIN, 0});
        if (worker.process.blocked_input() >= 0) handles.push_back({worker.process.blocked_input(), POLLOUT, 0});
    }
    return handles;
}

std::optional<WarmPool::Clock::time_point> WarmPool::next_deadline() const {
    std::optional<Clock::time_point> next;
    const auto consider = [&](Clock::time_point at) { next = next ? std::min(*next, at) : at; };
    for (const auto& pending : queue_) consider(pending.deadline);
    for (const auto& worker : workers_) {
        if (worker.kill_at) {
            consider(*worker.kill_at);
        } else if (worker.cancelled_until) {
            consider(*worker.cancelled_until);
        } else {
            consider(worker.pending ? worker.pending->deadline : worker.idle_since + idle_time(worker.task));
        }
        if (worker.process.exit_handle() < 0) consider(Clock::now() + kLookInterval);
    }
    return next;
}

void WarmPool::step(Clock::time_point now) {
    for (auto worker = workers_.begin(); worker != workers_.end();) {
        const auto exit = worker->process.reap();
        step_worker(*worker, now);
        if (exit) {
            collect(*worker, *exit);
            worker = workers_.erase(worker);
        } else {
            ++worker;
        }
    }
    expire(now);
    assign(now);
    for (auto& worker : workers_) worker.process.flush();
}

void WarmPool::end(Worker& worker) {
    worker.process.signal_group(SIGKILL);
    worker.kill_at = Clock::time_point::max();
}

void WarmPool::answer(Pending& pending, Result<JsonPtr> result) {
    answers_.push_back({std::move(pending.callback), std::move(result)});
}

void WarmPool::step_worker(Worker& worker, Clock::time_point now) {
    worker.process.flush();
    while (worker.process.read_output(worker.input, kReadLimit_bytes) && worker.input.size() < kMaxEventLine_bytes) {
    }
    const auto last = worker.input.rfind('\n');
    if (last != std::string::npos) {
        for (const auto& event : parse_event_lines(std::string_view(worker.input).substr(0, last + 1), "warm worker"))
            handle(worker, event, now);
        worker.input.erase(0, last + 1);
    }
    if (worker.input.size() >= kMaxEventLine_bytes) {
        worker.failed = make_error(ErrorCode::kTooLarge, "the answer is longer than {} bytes", kMaxEventLine_bytes);
        worker.input.clear();
        worker.kill_at = now;
    }
    const bool idle_too_long =
        worker.busy_with == 0 && !worker.kill_at && now >= worker.idle_since + idle_time(worker.task);
    if (idle_too_long) {
        worker.process.send(R"({"command":"quit"})");
        worker.kill_at = now + options_.grace;
    }
    const bool ignores_cancel = worker.cancelled_until && now >= *worker.cancelled_until;
    if (ignores_cancel || (worker.kill_at && now >= *worker.kill_at)) {
        worker.cancelled_until.reset();
        end(worker);
    }
}

void WarmPool::handle(Worker& worker, const json& event, Clock::time_point now) {
    const auto name = event["event"].get<std::string>();
    if (name == "failed") worker.failed = parse_task_error(event);
    if (name != "response" || worker.busy_with == 0) return;
    if (event.value("id", json()) != std::to_string(worker.busy_with)) return;
    if (worker.pending && event.contains("data")) {
        answer(*worker.pending, std::make_shared<const json>(event["data"]));
    } else if (worker.pending) {
        answer(*worker.pending, fail(parse_task_error(event)));
    }
    worker.pending.reset();
    worker.cancelled_until.reset();
    worker.busy_with = 0;
    worker.idle_since = now;
}

void WarmPool::collect(Worker& worker, const ExitStatus& exit) {
    if (!worker.pending) return;
    const bool quit_meanwhile = !worker.failed && exit.code == 0;
    if (quit_meanwhile && !worker.pending->retried) {
        worker.pending->retried = true;
        queue_.push_front(std::move(*worker.pending));
        return;
    }
    if (worker.failed) return answer(*worker.pending, fail(*worker.failed));
    const bool out_of_memory = count_oom_kills(options_.memory_events) > worker.oom_kills;
    auto crash = explain_crash({exit, out_of_memory, worker.task_dir / "log.txt", 0});
    auto& error = crash.error;
    error.advice = error.code == ErrorCode::kResourceExhausted
                       ? "Ask about fewer or smaller images at a time, or run fewer jobs at the same time"
                       : "the next request starts a new worker";
    if (!crash.log_tail.empty()) error.message += "; the end of its log:\n" + crash.log_tail;
    answer(*worker.pending, fail(std::move(error)));
}

void WarmPool::expire(Clock::time_point now) {
    const auto late = [&](const WarmRequest& request) {
        return fail(make_error(ErrorCode::kUnavailable, "{} did not answer within {} s", request.task.noun,
                               std::chrono::duration<double>(request.timeout).count()));
    };
    for (auto& worker : workers_) {
        if (!worker.pending || now < worker.pending->deadline) continue;
        answer(*worker.pending, late(worker.pending->request));
        worker.pending.reset();
        end(worker);
    }
    std::erase_if(queue_, [&](Pending& pending) {
        if (now < pending.deadline) return false;
        answer(pending, fail(make_error(ErrorCode::kUnavailable, "{} was busy with other requests for {} s",
                                        pending.request.task.noun, std::chrono::duration<double>(options_.wait).count())
                                 .advise("Try again later")));
        return true;
    });
}

WarmPool::Worker* WarmPool::find_idle(const WarmTask& task) {
    for (auto& worker : workers_)
        if (!worker.kill_at && worker.busy_with == 0 && worker.task.key == task.key) return &worker;
    return nullptr;
}

void WarmPool::assign(Clock::time_point now) {
    std::deque<Pending> waiting;
    for (auto& pending : std::exchange(queue_, {})) {
        const auto& task = pending.request.task;
        auto* worker = find_idle(task);
        if (!worker && has_room(task, now)) {
            if (const auto started = start_worker(task); !started) {
                answer(pending, fail(started.error()));
                continue;
            }
            worker = &workers_.back();
        }
        if (worker) {
            give(*worker, std::move(pending));
        } else {
            waiting.push_back(std::move(pending));
        }
    }
    queue_ = std::move(waiting);
}

/// Whether a worker may be started for the task. If only the limit of its kind is in the way, the longest idle worker
/// of that kind is told to quit.
bool WarmPool::has_room(const WarmTask& task, Clock::time_point now) {
    const auto limit = options_.workers.find(task.kind);
    int of_key = 0, of_kind = 0;
    bool one_ends = false;
    Worker* idle = nullptr;
    for (auto& worker : workers_) {
        if (worker.task.kind != task.kind) continue;
        ++of_kind;
        if (worker.kill_at) {
            one_ends = true;
            continue;
        }
        if (worker.task.key == task.key) ++of_key;
        if (worker.busy_with == 0 && (!idle || worker.idle_since < idle->idle_since)) idle = &worker;
    }
    if (of_key >= task.workers) return false;
    if (of_kind < (limit == options_.workers.end() ? 1 : limit->second)) return true;
    if (idle && !one_ends) {
        idle->process.send(R"({"command":"quit"})");
        idle->kill_at = now + options_.grace;
    }
    return false;
}

Status WarmPool::start_worker(const WarmTask& task) {
    std::vector<fs::path> taken;
    for (const auto& worker : workers_) taken.push_back(worker.task_dir);
    DIGITS_ASSIGN(const auto dir, make_task_dir(task, taken));
    const json file{{"format", 2}, {"kind", task.kind}, {"spec", *task.spec}, {"grant", to_json(task.grant)}};
    DIGITS_TRY(write_file_atomic(dir / "task.json", print(file)));
    const auto oom_kills = count_oom_kills(options_.memory_events);
    DIGITS_ASSIGN(auto process,
                  TaskProcess::start({options_.worker_path, {"run", "--task-dir", dir.string()}, {}, dir / "log.txt"}));
    workers_.push_back({std::move(process), task, dir, {}, 0, {}, Clock::now(), {}, {}, {}, oom_kills});
    return {};
}

void WarmPool::give(Worker& worker, Pending pending) {
    worker.busy_with = pending.id;
    pending.deadline = Clock::now() + pending.request.timeout;
    worker.process.send(
        print({{"command", "request"}, {"id", std::to_string(pending.id)}, {"request", *pending.request.payload}}));
    worker.pending = std::move(pending);
}

void WarmPool::stop() {
    for (auto& worker : workers_) {
        worker.process.send(R"({"command":"quit"})");
        worker.process.flush();
        if (worker.busy_with != 0) worker.process.signal_group(SIGTERM);
    }
    const auto until = Clock::now() + options_.stop_patience;
    bool killed = false;
    while (!workers_.empty()) {
        std::erase_if(workers_, [&](Worker& worker) {
            std::string unread;
            worker.process.read_output(unread, kReadLimit_bytes);
            if (!worker.process.reap()) return false;
            if (worker.pending) queue_.push_back(std::move(*worker.pending));
            return true;
        });
        if (workers_.empty()) break;
        const bool late = Clock::now() >= until;
        if (late && !killed) {
            for (const auto& worker : workers_) worker.process.signal_group(SIGKILL);
            killed = true;
        }
        auto waiting = handles();
        ::poll(waiting.data(), waiting.size(), std::clamp(milliseconds_until(until), 10, 200));
    }
    for (auto& pending : queue_) answer(pending, fail(ErrorCode::kUnavailable, "the server is stopping"));
    queue_.clear();
}

}  // namespace digits
