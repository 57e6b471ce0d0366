#include "training/early_stopping.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "tasks/task.hpp"

namespace digits {

Error no_such_metric(std::string_view metric, const std::vector<std::string>& names) {
    return make_error(ErrorCode::kInvalidArgument, "The validation has no metric \"{}\"", metric)
        .at("/early_stopping/metric")
        .advise(fmt::format("Choose one of {}", fmt::join(names, ", ")));
}

Result<std::optional<std::string>> EarlyStopping::judge(const ValidationHistory& validations, std::int64_t iteration,
                                                        bool resumed) {
    if (!patience_) return std::nullopt;
    const auto names = validations.names();
    const auto* task = tasks().find(task_);
    if (!task) return std::nullopt;
    auto metric = task->judge(names);
    if (!metric_.empty()) {
        if (std::ranges::find(names, metric_) == names.end()) return fail(no_such_metric(metric_, names));
        metric = Metric{metric_, !losses_.contains(metric_) && task->higher_is_better(metric_)};
    }
    if (!metric) return std::nullopt;
    const auto best = validations.best(*metric);
    // Where no value is finite, or all are 0, there is nothing to wait for, either.
    const bool improved = best && (!metric->higher_is_better || best->value != 0);
    const auto since = std::max(counts_from_, improved ? best->iteration : 0);
    const auto waited = validations.count(metric->name, since, iteration);
    if (waited < *patience_) return std::nullopt;
    if (resumed) {
        counts_from_ = iteration;
        return std::nullopt;
    }
    return fmt::format("The training ends early: {} has not improved for {} validations, since iteration {}{}",
                       metric->name, waited, since, best ? fmt::format(" ({:.4g})", best->value) : "");
}

}  // namespace digits
