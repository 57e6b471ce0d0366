#pragma once

#include <filesystem>
#include <fstream>
#include <utility>

#include "jobs/launchers/local.hpp"

namespace digits {

/// For tests, in a program with fakes too: runs tasks as "local" does, until a file `lose` appears in the task's
/// folder. Then the machine is gone, as far as the server can tell, and the task with it.
class LosingLauncher final : public Launcher {
  public:
    std::string_view name() const override { return "losing"; }
    Result<std::unique_ptr<LaunchedTask>> start(const LaunchRequest& request) const override {
        DIGITS_ASSIGN(auto task, local_.start(request));
        return std::make_unique<Task>(request.task_dir, std::move(task));
    }
    std::unique_ptr<LaunchedTask> adopt(const std::filesystem::path& task_dir,
                                        const std::string& handle) const override {
        return std::make_unique<Task>(task_dir, local_.adopt(task_dir, handle));
    }
    std::unique_ptr<LaunchedTask> find_running(const std::filesystem::path& task_dir) const override {
        auto task = local_.find_running(task_dir);
        if (!task) return nullptr;
        return std::make_unique<Task>(task_dir, std::move(task));
    }

    static void lose(const std::filesystem::path& task_dir) { std::ofstream(task_dir / "lose") << ""; }

  private:
    class Task final : public LaunchedTask {
      public:
        Task(std::filesystem::path dir, std::unique_ptr<LaunchedTask> task)
            : dir_(std::move(dir)), task_(std::move(task)) {}
        std::string handle() const override { return task_->handle(); }
        int pid() const override { return task_->pid(); }
        void tell(const TaskCommand& command) override { task_->tell(command); }
        void kill() override { task_->kill(); }
        std::optional<TaskEnd> check() override {
            const auto end = task_->check();
            if (!lost_ && std::filesystem::remove(dir_ / "lose")) {
                lost_ = true;
                task_->kill();
            }
            if (!lost_ || !end) return end;
            return TaskEnd{{},
                           make_error(ErrorCode::kUnavailable,
                                      "the machine that ran the task does not answer any more, so it is not known what "
                                      "became of the task")
                               .advise("Resume the job: it goes on from what it saved last")};
        }
        void add_handles(std::vector<pollfd>& handles) const override { task_->add_handles(handles); }
        std::optional<std::chrono::milliseconds> check_interval() const override {
            return std::chrono::milliseconds(100);
        }

      private:
        std::filesystem::path dir_;
        std::unique_ptr<LaunchedTask> task_;
        bool lost_ = false;
    };

    LocalLauncher local_;
};

}  // namespace digits
