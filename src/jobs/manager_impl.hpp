#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "jobs/event_bus.hpp"
#include "jobs/file_handle.hpp"
#include "jobs/job_table.hpp"
#include "jobs/manager.hpp"
#include "jobs/scheduler.hpp"
#include "jobs/store.hpp"
#include "jobs/supervisor.hpp"
#include "jobs/trash.hpp"
#include "jobs/wake_up.hpp"
#include "jobs/warm_pool.hpp"

namespace digits {

/// The manager's parts, its thread and its lock. `mutex_` guards the table, the scheduler, the supervisor and the
/// trash; the thread holds it while it steps, and lets go of it while it sleeps and while subscribers are called.
/// Store, event bus and warm pool have locks of their own. Tasks are started and touched on the thread alone: other
/// threads note a wish and wake it.
class JobManager::Impl final : private TaskListener {
  public:
    static Result<std::unique_ptr<Impl>> create(JobManagerOptions options);
    ~Impl() override;

    Result<Job> submit(JobRequest request);
    Result<Job> get(std::string_view id) const;
    Result<JobPage> list(const JobQuery& query);
    Result<JobRows> list_rows(const JobQuery& query);
    Result<Job> edit(std::string_view id, const JobEdit& edit);
    Result<Job> abort(std::string_view id);
    Result<Job> resume(std::string_view id);
    Result<Job> extend(std::string_view id, JsonPtr spec, std::string reason);
    Status remove(std::string_view id);
    Status trash(std::string_view id);
    Result<Job> restore(std::string_view id);
    Result<Job> get_trashed(std::string_view id) const;
    Result<std::size_t> empty_trash(const std::function<bool(const Job&)>& may_erase);
    Status command(std::string_view id, std::string_view command);
    Status flush_now();
    Slots slots(std::string_view kind) const;

    const JobManagerOptions& options() const { return options_; }
    const JobKinds& kinds() const { return kinds_; }
    JobStore& store() const { return *store_; }
    EventBus& bus() { return bus_; }
    WarmPool& warm_pool() const { return *warm_pool_; }
    std::filesystem::path job_dir(std::string_view id) const { return options_.data_dir / "jobs" / id; }

  private:
    using Clock = std::chrono::steady_clock;

    explicit Impl(JobManagerOptions options);
    Status open();
    Status take_up_jobs();
    std::filesystem::path task_dir(const ActiveJob& active) const;
    JobReader reader() const { return {*store_, options_.data_dir / "jobs"}; }

    // manager_thread.cpp
    void run();
    void sleep(Clock::time_point until);
    Clock::time_point next_step(Clock::time_point now) const;
    void step(Clock::time_point now);
    void publish();
    void on_events(const std::string& job_id, const LaunchedTask& task, const std::vector<nlohmann::json>& events,
                   std::uint64_t offset) override;
    void on_end(const std::string& job_id, const TaskEnd& end, std::uint64_t offset) override;
    void start_waiting();
    bool check_parents(ActiveJob& active);
    void set_wait_reason(ActiveJob& active, const std::string& reason);
    void set_running(ActiveJob& active, std::string reason);
    Status start(ActiveJob& active);
    Result<Supervisor::Task> make_task(const ActiveJob& active);

    // manager.cpp
    Result<Job> start_again(ActiveJob& active, std::string reason);
    Status flush();
    Status check_room(const std::string& owner) const;

    const JobManagerOptions options_;
    const JobKinds kinds_;
    FileHandle lock_file_;
    std::optional<WakeUp> wake_up_;
    std::unique_ptr<JobStore> store_;
    EventBus bus_;

    mutable std::mutex mutex_;  ///< guards the five below
    std::unique_ptr<JobTable> table_;
    std::unique_ptr<Scheduler> scheduler_;
    std::unique_ptr<Supervisor> supervisor_;
    std::unique_ptr<Trash> trash_;
    bool stopping_ = false;

    std::unique_ptr<WarmPool> warm_pool_;
    std::thread thread_;
};

}  // namespace digits
