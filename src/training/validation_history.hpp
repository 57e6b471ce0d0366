#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tasks/metric.hpp"

namespace digits {

/// The values of all validations of a training, by name ("accuracy", "loss").
class ValidationHistory {
  public:
    struct Best {
        double value = 0;
        std::int64_t iteration = 0;
    };

    void add(std::int64_t iteration, const std::string& name, double value);
    /// Adds what the `metrics` events of phase "val" in a task's event log say about iterations below `end`.
    void add_events(const std::filesystem::path& event_log, std::int64_t end);

    std::vector<std::string> names() const;
    /// None where it was not validated, or the value is NaN or infinite.
    std::optional<double> value(const std::string& name, std::int64_t iteration) const;
    /// How many validations had this value in (`after`, `until`].
    int count(const std::string& name, std::int64_t after, std::int64_t until) const;
    /// The best finite value of a metric by its own direction, the earliest of equal ones but for Metric::replaces().
    std::optional<Best> best(const Metric& metric) const;

  private:
    std::map<std::string, std::map<std::int64_t, double>> values_;  ///< by name and iteration
};

}  // namespace digits
