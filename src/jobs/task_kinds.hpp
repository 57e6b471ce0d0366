#pragma once

#include <array>
#include <string_view>

namespace digits {

enum class ResourcePool { kDataset, kTrain, kImport };

/// How a kind of job is run. docs/jobs.md lists the steps to add one.
struct TaskKind {
    std::string_view job_kind;     ///< as `Job::kind`
    std::string_view worker_kind;  ///< `kind` in task.json; also the name of the task's folder
    std::string_view noun;         ///< for messages: "its dataset failed"
    ResourcePool pool;
    bool may_use_gpu;
    /// Member of the spec that gets the first parent's folder at each start; empty: none.
    std::string_view parent_dir_member;
};

inline constexpr std::array<TaskKind, 3> kTaskKinds{{
    {"dataset", "dataset", "dataset", ResourcePool::kDataset, false, ""},
    {"model", "train", "training", ResourcePool::kTrain, true, "dataset_dir"},
    {"pretrained", "pretrained", "import", ResourcePool::kImport, false, ""},
}};

constexpr const TaskKind* find_task_kind(std::string_view job_kind) {
    for (const auto& kind : kTaskKinds)
        if (kind.job_kind == job_kind) return &kind;
    return nullptr;
}

}  // namespace digits
