#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "jobs/job.hpp"

namespace digits {

/// Whether a smaller value of this series is better.
bool less_is_better(const std::string& series);

/// The series by which validations are compared: an accuracy, else a loss; empty if there is neither.
std::string judging_series(const Job& job);

/// Index of the snapshot whose validation, as `judge` among `series` tells it, was best: the last one without any
/// validation; -1 without snapshots.
int best_snapshot(const std::vector<std::int64_t>& iterations, const std::string& judge,
                  const std::vector<MetricSeries>& series);

}  // namespace digits
