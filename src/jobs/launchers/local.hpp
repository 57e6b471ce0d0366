#pragma once

#include "jobs/launchers/launcher.hpp"

namespace digits {

/// Runs tasks as child processes on this machine, in process groups of their own, which outlive the server. A worker
/// that lives holds the lock of its folder: by that it is found again.
class LocalLauncher : public Launcher {
  public:
    std::string_view name() const override { return "local"; }
    Result<std::unique_ptr<LaunchedTask>> start(const LaunchRequest& request) const override;
    std::unique_ptr<LaunchedTask> adopt(const std::filesystem::path& task_dir,
                                        const std::string& handle) const override;
    std::unique_ptr<LaunchedTask> find_running(const std::filesystem::path& task_dir) const override;
};

}  // namespace digits
