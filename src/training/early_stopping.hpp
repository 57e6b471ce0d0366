#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "training/validation_history.hpp"

namespace digits {

/// What is wrong with a metric that none of these is: kInvalidArgument at /early_stopping/metric.
Error no_such_metric(std::string_view metric, const std::vector<std::string>& names);

/// Ends a training that does not improve. Counts over all attempts, so that a resumed training ends where an
/// uninterrupted one would; one that ended and was extended counts from there.
class EarlyStopping {
  public:
    /// `patience`: validations without a better value; none: the training never ends early. `metric`: empty: the one by
    /// which `task` judges.
    EarlyStopping(std::optional<int> patience, std::string metric, std::string task)
        : patience_(patience), metric_(std::move(metric)), task_(std::move(task)) {}

    /// Names of series that are losses, whatever they are called.
    void note_losses(std::set<std::string> names) { losses_ = std::move(names); }

    /// After the validation at `iteration`; `resumed`: nothing was trained since this attempt began. What to tell the
    /// user if the training ends here. Errors: kInvalidArgument when no validation has the metric.
    Result<std::optional<std::string>> judge(const ValidationHistory& validations, std::int64_t iteration,
                                             bool resumed);

  private:
    std::optional<int> patience_;
    std::string metric_, task_;
    std::set<std::string> losses_;
    std::int64_t counts_from_ = 0;
};

}  // namespace digits
