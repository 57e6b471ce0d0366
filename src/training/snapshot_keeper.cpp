#include "training/snapshot_keeper.hpp"

#include <algorithm>
#include <filesystem>

#include "tasks/task.hpp"

namespace digits {

std::optional<std::int64_t> SnapshotKeeper::best_of(const std::vector<SnapshotFiles>& snapshots) const {
    const auto* task = tasks().find(task_);
    const auto judge = task ? task->judge(validations_.names()) : std::nullopt;
    if (!judge) return std::nullopt;
    std::optional<ValidationHistory::Best> best;
    for (const auto& snapshot : snapshots) {
        const auto value = validations_.value(judge->name, snapshot.iteration);
        if (value && (!best || judge->replaces(*value, best->value))) best = {*value, snapshot.iteration};
    }
    return best ? std::optional(best->iteration) : std::nullopt;
}

std::vector<std::string> SnapshotKeeper::tidy(std::vector<SnapshotFiles> snapshots) const {
    std::vector<std::string> removed;
    if (!rule_.newest || rule_.interval <= 0 || snapshots.empty()) return removed;
    std::ranges::sort(snapshots, {}, &SnapshotFiles::iteration);
    const auto remove = [&](const std::filesystem::path& file) {
        std::error_code ignored;
        if (!file.empty() && std::filesystem::remove(file, ignored)) removed.push_back(file.filename().string());
    };
    const auto best = best_of(snapshots);
    const auto count = snapshots.size(), newest = std::min(count, static_cast<std::size_t>(*rule_.newest));
    for (std::size_t i = 0; i < count; ++i) {
        const auto& snapshot = snapshots[i];
        const bool stays =
            i + newest >= count || snapshot.iteration == best || snapshot.iteration % rule_.interval != 0;
        if (i + 1 < count) remove(snapshot.state);
        if (!stays) remove(snapshot.weights);
    }
    return removed;
}

}  // namespace digits
