#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/task_context.hpp"
#include "readable_log.hpp"

namespace digits {

/// The worker's end of docs/formats/worker-protocol.md: holds the lock, writes events to disk, standard output and the
/// log, hears commands and signals. One a process.
class TaskHost final : public TaskContext {
  public:
    /// Errors: kFailedPrecondition if another worker holds the task; file errors.
    static Result<std::unique_ptr<TaskHost>> open(const std::filesystem::path& task_dir);
    ~TaskHost() override;

    const std::filesystem::path& job_dir() const override { return job_dir_; }
    const Grant& grant() const override { return grant_; }
    /// Before the task begins.
    void set_grant(Grant grant) { grant_ = std::move(grant); }
    void emit(const nlohmann::json& event) override;
    bool abort_requested() const override;
    bool take_snapshot_request() override;

    /// Which start of this task this is: 1, 2, …
    int attempt() const { return attempt_; }

    struct Request {
        std::string id;
        nlohmann::json data;
        bool cancelled = false;
    };
    /// Waits for a request; nothing when `idle` is over, on `quit`, abort, or the end of standard input. Until the next
    /// call `abort_requested` also tells that this request was cancelled.
    std::optional<Request> next_request(std::chrono::milliseconds idle);
    /// Whether the whole task is to stop, not only the request that is being answered.
    bool task_aborted() const;

  private:
    TaskHost() = default;
    Status take_lock(const std::filesystem::path& path);
    Status open_events(const std::filesystem::path& path);
    void keep_standard_output();
    void read_commands();
    void handle_command(const std::string& line);

    std::filesystem::path job_dir_;
    Grant grant_;
    int lock_fd_ = -1;
    int attempt_ = 1;

    int stdout_fd_ = -1;

    std::mutex events_mutex_;  // guards the four below
    int events_fd_ = -1;
    bool stdout_open_ = true;
    std::int64_t last_seq_ = 0;
    ReadableLog log_;

    std::atomic<bool> request_cancelled_{false};

    std::mutex requests_mutex_;  // guards the four below
    std::condition_variable requests_changed_;
    std::deque<Request> requests_;
    std::string current_request_;
    bool no_more_requests_ = false;
};

}  // namespace digits
