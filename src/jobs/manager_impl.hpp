#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "jobs/active_job.hpp"
#include "jobs/file_handle.hpp"
#include "jobs/manager.hpp"
#include "jobs/store.hpp"
#include "jobs/warm_pool.hpp"

namespace digits {

/// The manager's state and its thread. One lock, `mutex_`, protects everything but the subscribers; the thread holds
/// it while it steps and lets go of it while it sleeps and while it calls back. Processes are touched by the thread
/// alone: other threads note a wish and wake it.
class JobManager::Impl {
  public:
    static Result<std::unique_ptr<Impl>> create(JobManagerOptions options);
    ~Impl();

    Result<Job> submit(JobRequest request);
    Result<Job> get(std::string_view id) const;
    Result<JobPage> list(const JobQuery& query);
    Result<JobRows> list_rows(const JobQuery& query);
    Result<Job> edit(std::string_view id, const JobEdit& edit);
    Result<Job> abort(std::string_view id);
    Result<Job> resume(std::string_view id);
    Result<Job> extend(std::string_view id, JsonPtr spec, std::string reason);
    // trash.cpp
    Status remove(std::string_view id);
    Status trash(std::string_view id);
    Result<Job> restore(std::string_view id);
    Status add_taken_along(const Job& job, std::vector<std::string>& ids);
    Result<Job> get_trashed(std::string_view id) const;
    std::string names_of(const std::vector<std::string>& ids) const;
    Status snapshot_now(std::string_view id);
    int subscribe(EventCallback callback);
    void unsubscribe(int subscription);
    Status flush_now();
    TrainingRoom training_room() const;

    const JobManagerOptions& options() const { return options_; }
    JobStore& store() const { return *store_; }
    WarmPool& warm_pool() const { return *warm_pool_; }
    std::filesystem::path job_dir(std::string_view id) const { return options_.data_dir / "jobs" / id; }

  private:
    using Clock = std::chrono::steady_clock;
    using ActiveJobs = std::map<std::string, std::unique_ptr<ActiveJob>, std::less<>>;

    explicit Impl(JobManagerOptions options);
    Status open();
    Status take_up_jobs();
    std::filesystem::path task_dir(const ActiveJob& active) const;

    // manager_loop.cpp: the thread
    void run();
    void sleep(Clock::time_point until);
    Clock::time_point next_step(Clock::time_point now) const;
    void step(Clock::time_point now);
    void step_running(ActiveJob& active, Clock::time_point now);
    void open_events(ActiveJob& active);
    bool read_events(ActiveJob& active);
    void fold_event(ActiveJob& active, const nlohmann::json& event);
    bool has_ended(ActiveJob& active);
    void finish(ActiveJob& active);
    void pursue_wishes(ActiveJob& active, Clock::time_point now);
    void schedule();
    bool check_parents(ActiveJob& active);
    bool find_room(ActiveJob& active);
    Status start(ActiveJob& active);
    Result<nlohmann::json> complete_spec(const ActiveJob& active);
    Result<std::string> find_weights(const std::string& model_id, const std::string& wanted);
    void adopt(ActiveJob& active);
    void publish();

    // trash.cpp
    Result<std::vector<std::string>> check_removable(std::string_view id);
    Status erase(std::string_view id);
    void empty_trash(Clock::time_point now);

    // manager.cpp
    Result<ActiveJob*> load(std::string_view id);
    Result<ActiveJob*> load_any(std::string_view id);
    Result<Job> start_again(ActiveJob& active, std::string reason);
    void forget_if_ended(std::string_view id);
    void add_event(const std::string& job_id, const char* type, JsonPtr data);
    void collect_changes(ActiveJob& active);
    Status flush();
    void wake() const;

    const JobManagerOptions options_;
    FileHandle lock_file_;
    FileHandle wake_handle_;
    std::filesystem::path memory_events_;
    std::unique_ptr<JobStore> store_;
    std::unique_ptr<WarmPool> warm_pool_;  ///< has a thread and a lock of its own

    mutable std::mutex mutex_;
    ActiveJobs active_;
    std::set<std::string> snapshot_wishes_;
    WriteBatch batch_;  ///< not yet in the database
    std::vector<JobEvent> unpublished_;
    std::int64_t last_event_id_ = 0;
    Clock::time_point last_flush_;
    Clock::time_point next_purge_;  ///< when the oldest job of the trash is due, or something may have come into it
    bool stopping_ = false;

    std::mutex subscribers_mutex_;  ///< held while callbacks run
    std::map<int, EventCallback> subscribers_;
    int next_subscription_ = 1;

    std::thread thread_;
};

}  // namespace digits
