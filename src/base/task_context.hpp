#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "base/grant.hpp"

namespace digits {

/// What a running task sees of its starter: a way to send events and to receive commands.
/// docs/formats/worker-protocol.md lists the events. All members are thread-safe.
class TaskContext {
  public:
    virtual ~TaskContext() = default;

    /// The folder that the task's files go to; it is the job's folder.
    virtual const std::filesystem::path& job_dir() const = 0;
    /// What the task may use beside its spec. Nobody's, where no server started it.
    virtual const Grant& grant() const {
        static const Grant none;
        return none;
    }
    /// One event; `seq` and `time` are added on the way.
    virtual void emit(const nlohmann::json& event) = 0;
    /// True once somebody asked to stop; the task then returns kCancelled soon, leaving whole files only.
    virtual bool abort_requested() const = 0;
    /// True once for each request to write a snapshot now.
    virtual bool take_snapshot_request() = 0;
};

}  // namespace digits
