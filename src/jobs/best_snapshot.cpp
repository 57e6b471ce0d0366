#include "jobs/best_snapshot.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace digits {

bool less_is_better(const std::string& series) {
    return series.find("loss") != std::string::npos || series.find("error") != std::string::npos;
}

std::string judging_series(const Job& job) {
    std::string loss;
    for (const auto* name : {"val/accuracy", "val/accuracy-top1", "val/top-1"})
        if (std::ranges::find(job.metrics, name, &SeriesSummary::series) != job.metrics.end()) return name;
    for (const auto& summary : job.metrics) {
        if (!summary.series.starts_with("val/")) continue;
        if (summary.series.find("accuracy") != std::string::npos) return summary.series;
        if (summary.series == "val/loss" || (loss.empty() && less_is_better(summary.series))) loss = summary.series;
    }
    return loss;
}

int best_snapshot(const std::vector<std::int64_t>& iterations, const std::string& judge,
                  const std::vector<MetricSeries>& series) {
    std::map<std::int64_t, double> values;
    for (const auto& one : series)
        if (!judge.empty() && one.series == judge)
            for (const auto& point : one.points) values[point.iteration] = point.value;
    const bool less = less_is_better(judge);
    std::optional<double> best;
    int index = static_cast<int>(iterations.size()) - 1;
    for (std::size_t i = 0; i < iterations.size(); ++i) {
        const auto found = values.find(iterations[i]);
        if (found == values.end()) continue;
        const bool better = !best || (less ? found->second < *best : found->second > *best);
        if (!better) continue;
        best = found->second;
        index = static_cast<int>(i);
    }
    return index;
}

}  // namespace digits
