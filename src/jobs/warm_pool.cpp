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

std::string print(const json& data) { return data.dump(-1, ' ', false, json::error_handler_t::replace); }

/// The first `tasks/<kind>-<n>` that no worker holds, emptied.
Result<fs::path> make_task_dir(const WarmTask& task, const std::vector<fs::path>& taken) {
    for (int n = 0;; ++n) {
        const auto dir = task.folder / "tasks" / (task.kind + "-" + std::to_string(n));
        if (std::ranges::find(taken, dir) != taken.end() || is_worker_locked(dir)) continue;
        std::error_code error;
        fs::remove_all(dir, error);
        fs::create_directories(dir, error);
        if (error) return fail(errno_error("cannot make " + dir.string(), error.value()));
        return dir;
    }
}

}  // namespace

void WarmPool::add(Request request) {
    request.deadline = Clock::now() + request.timeout;
    queue_.push_back(std::move(request));
}

void WarmPool::answer(Request& request, Result<JsonPtr> result) {
    answers_.push_back({std::move(request.callback), std::move(result)});
}

std::vector<WarmPool::Answer> WarmPool::take_answers() { return std::exchange(answers_, {}); }

void WarmPool::close_owner(std::string_view job_id) {
    for (auto& worker : workers_) {
        if (worker.owner != job_id) continue;
        worker.failed = make_error(ErrorCode::kNotFound, "{} {} was removed", worker.noun, job_id);
        worker.process.signal_group(SIGKILL);
        worker.kill_at = Clock::time_point::max();
    }
    std::erase_if(queue_, [&](Request& request) {
        if (request.task.owner != job_id) return false;
        answer(request, fail(ErrorCode::kNotFound, "{} {} was removed", request.task.noun, job_id));
        return true;
    });
}

void WarmPool::add_handles(std::vector<pollfd>& handles) const {
    for (const auto& worker : workers_) {
        for (const int fd : {worker.process.output(), worker.process.exit_handle()})
            if (fd >= 0) handles.push_back({fd, POLLIN, 0});
        if (worker.process.blocked_input() >= 0) handles.push_back({worker.process.blocked_input(), POLLOUT, 0});
    }
}

std::optional<WarmPool::Clock::time_point> WarmPool::next_deadline() const {
    std::optional<Clock::time_point> next;
    const auto consider = [&](Clock::time_point at) { next = next ? std::min(*next, at) : at; };
    for (const auto& request : queue_) consider(request.deadline);
    for (const auto& worker : workers_) {
        if (worker.kill_at) {
            consider(*worker.kill_at);
        } else {
            consider(worker.request ? worker.request->deadline : worker.idle_since + worker.idle);
        }
        if (worker.process.exit_handle() < 0) consider(Clock::now() + std::chrono::milliseconds(200));
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

void WarmPool::step_worker(Worker& worker, Clock::time_point now) {
    worker.process.flush();
    while (worker.process.read_output(worker.input, kReadLimit_bytes) && worker.input.size() < kMaxEventLine_bytes) {
    }
    const auto end = worker.input.rfind('\n');
    if (end != std::string::npos) {
        for (const auto& event : parse_event_lines(std::string_view(worker.input).substr(0, end + 1), "warm worker"))
            handle(worker, event, now);
        worker.input.erase(0, end + 1);
    }
    if (worker.input.size() >= kMaxEventLine_bytes) {
        worker.failed = make_error(ErrorCode::kTooLarge, "the answer is longer than {} bytes", kMaxEventLine_bytes);
        worker.input.clear();
        worker.kill_at = now;
    }
    const bool idle_too_long = !worker.request && !worker.kill_at && now >= worker.idle_since + worker.idle;
    if (idle_too_long) {
        worker.process.send(R"({"command":"quit"})");
        worker.kill_at = now + options_.grace;
    }
    if (worker.kill_at && now >= *worker.kill_at) {
        worker.process.signal_group(SIGKILL);
        worker.kill_at = Clock::time_point::max();
    }
}

void WarmPool::handle(Worker& worker, const json& event, Clock::time_point now) {
    const auto name = event["event"].get<std::string>();
    if (name == "failed") worker.failed = parse_task_error(event);
    if (name != "response" || !worker.request) return;
    if (event.value("id", json()) != worker.request_id) return;
    if (event.contains("data")) {
        answer(*worker.request, std::make_shared<const json>(event["data"]));
    } else {
        answer(*worker.request, fail(parse_task_error(event)));
    }
    worker.request.reset();
    worker.idle_since = now;
}

void WarmPool::collect(Worker& worker, const ExitStatus& exit) {
    if (!worker.request) return;
    const bool quit_meanwhile = !worker.failed && exit.code == 0;
    if (quit_meanwhile && !worker.request->retried) {
        worker.request->retried = true;
        queue_.push_front(std::move(*worker.request));
        return;
    }
    if (worker.failed) return answer(*worker.request, fail(*worker.failed));
    auto crash = explain_crash({exit, false, worker.task_dir / "log.txt", 0});
    auto& error = crash.error;
    error.advice = "the next request starts a new worker";
    if (!crash.log_tail.empty()) error.message += "; the end of its log:\n" + crash.log_tail;
    answer(*worker.request, fail(std::move(error)));
}

void WarmPool::expire(Clock::time_point now) {
    const auto late = [&](const Request& request) {
        return fail(make_error(ErrorCode::kUnavailable, "{} did not answer within {} s", request.task.noun,
                               std::chrono::duration<double>(request.timeout).count()));
    };
    for (auto& worker : workers_) {
        if (!worker.request || now < worker.request->deadline) continue;
        answer(*worker.request, late(*worker.request));
        worker.request.reset();
        worker.process.signal_group(SIGKILL);
        worker.kill_at = Clock::time_point::max();
    }
    std::erase_if(queue_, [&](Request& request) {
        if (now < request.deadline) return false;
        answer(request, late(request));
        return true;
    });
}

WarmPool::Worker* WarmPool::find_worker(const Request& request) {
    for (auto& worker : workers_)
        if (!worker.kill_at && worker.key == request.task.key) return &worker;
    return nullptr;
}

void WarmPool::assign(Clock::time_point now) {
    std::deque<Request> waiting;
    for (auto& request : std::exchange(queue_, {})) {
        auto* worker = find_worker(request);
        if (!worker && make_room(now)) {
            if (const auto started = start_worker(request); !started) {
                answer(request, fail(started.error()));
                continue;
            }
            worker = &workers_.back();
        }
        if (worker && !worker->request) {
            give(*worker, std::move(request));
        } else {
            waiting.push_back(std::move(request));
        }
    }
    queue_ = std::move(waiting);
}

bool WarmPool::make_room(Clock::time_point now) {
    if (workers_.size() < static_cast<std::size_t>(std::max(1, options_.max_workers))) return true;
    Worker* idle = nullptr;
    for (auto& worker : workers_) {
        if (worker.kill_at) return false;  // it makes room when it has ended
        if (!worker.request && (!idle || worker.idle_since < idle->idle_since)) idle = &worker;
    }
    if (idle) {
        idle->process.send(R"({"command":"quit"})");
        idle->kill_at = now + options_.grace;
    }
    return false;
}

Status WarmPool::start_worker(const Request& request) {
    const auto& warm = request.task;
    std::vector<fs::path> taken;
    for (const auto& worker : workers_) taken.push_back(worker.task_dir);
    DIGITS_ASSIGN(const auto dir, make_task_dir(warm, taken));
    json task{{"format", 1},
              {"kind", warm.kind},
              {"spec", *warm.spec},
              {"allow_python_layers", options_.allow_python_layers}};
    task["spec"]["idle_s"] = warm.idle.count();
    DIGITS_TRY(write_file_atomic(dir / "task.json", print(task)));
    DIGITS_ASSIGN(auto process,
                  TaskProcess::start({options_.worker_path, {"run", "--task-dir", dir.string()}, {}, dir / "log.txt"}));
    workers_.push_back(
        {std::move(process), warm.key, warm.owner, warm.noun, warm.idle, dir, {}, {}, {}, Clock::now(), {}, {}});
    return {};
}

void WarmPool::give(Worker& worker, Request request) {
    worker.request_id = std::to_string(next_request_++);
    worker.process.send(print({{"command", "request"}, {"id", worker.request_id}, {"request", *request.payload}}));
    worker.request = std::move(request);
}

void WarmPool::stop(std::chrono::milliseconds patience) {
    for (auto& worker : workers_) {
        worker.process.send(R"({"command":"quit"})");
        worker.process.flush();
        if (worker.request) worker.process.signal_group(SIGTERM);
    }
    const auto until = Clock::now() + patience;
    bool killed = false;
    while (!workers_.empty()) {
        std::erase_if(workers_, [&](Worker& worker) {
            std::string unread;
            worker.process.read_output(unread, kReadLimit_bytes);
            if (!worker.process.reap()) return false;
            if (worker.request) queue_.push_back(std::move(*worker.request));
            return true;
        });
        if (workers_.empty()) break;
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
        if (left <= 0 && !killed) {
            for (auto& worker : workers_) worker.process.signal_group(SIGKILL);
            killed = true;
        }
        std::vector<pollfd> handles;
        add_handles(handles);
        ::poll(handles.data(), handles.size(), static_cast<int>(std::clamp<std::int64_t>(left, 10, 200)));
    }
    for (auto& request : queue_) answer(request, fail(ErrorCode::kUnavailable, "the server is stopping"));
    queue_.clear();
}

}  // namespace digits
