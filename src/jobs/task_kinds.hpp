#pragma once

#include <array>
#include <string_view>

namespace digits {

/// kEvaluate: beside trainings, on a GPU that is idle, else on the CPU.
enum class ResourcePool { kDataset, kTrain, kEvaluate, kImport };

/// How a kind of job is run. docs/jobs.md lists the steps to add one.
struct TaskKind {
    std::string_view job_kind;     ///< as `Job::kind`
    std::string_view worker_kind;  ///< `kind` in task.json; also the name of the task's folder
    std::string_view noun;         ///< for messages: "its dataset failed"
    ResourcePool pool;
    bool may_use_gpu;
    /// Member of the spec that gets the first parent's folder at each start; empty: none.
    std::string_view parent_dir_member;
    /// The same for the second parent.
    std::string_view second_parent_dir_member = "";
    /// `snapshot` of its spec names one of the first parent's snapshots: `best`, `last` or an iteration. Once `weights`
    /// of the spec has the file's name, the first parent need not be done; else it is filled in at each start.
    bool uses_snapshot = false;
    /// Is removed together with its first parent.
    bool goes_with_parent = false;
};

inline constexpr std::array<TaskKind, 4> kTaskKinds{{
    {"dataset", "dataset", "dataset", ResourcePool::kDataset, false, ""},
    {"model", "train", "training", ResourcePool::kTrain, true, "dataset_dir"},
    {"pretrained", "pretrained", "import", ResourcePool::kImport, false, ""},
    {"evaluation", "evaluate", "evaluation", ResourcePool::kEvaluate, true, "model_dir", "dataset_dir", true, true},
}};

constexpr const TaskKind* find_task_kind(std::string_view job_kind) {
    for (const auto& kind : kTaskKinds)
        if (kind.job_kind == job_kind) return &kind;
    return nullptr;
}

}  // namespace digits
