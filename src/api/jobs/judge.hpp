#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/job.hpp"
#include "tasks/task.hpp"

namespace digits::api {

/// The task of a model, as its worker reported it; classification before it did.
const Task& task_of(const Job& model);

/// The metric by which a model's validations are compared, as its task decides; none before there are any.
std::optional<Metric> judging_metric(const Job& model);

/// Whether a validation series of a job gets better as it falls: by what its worker says of it, else by its name.
bool lower_is_better(const Job& model, std::string_view series);

/// The series of a job's metrics that a metric is: "val/accuracy".
std::string series_of(const Metric& metric);

/// Index of the snapshot whose validation was best by `metric`, whose series is among `series`: the last one without
/// any; -1 without snapshots.
int best_snapshot(const std::vector<std::int64_t>& iterations, const std::optional<Metric>& metric,
                  const std::vector<MetricSeries>& series);

}  // namespace digits::api
