#include "api/jobs/judge.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace digits::api {
namespace {

constexpr std::string_view kPhase = "val/";

}  // namespace

const Task& task_of(const Job& model) {
    const auto name =
        model.network ? model.network->value("task", std::string(kDefaultTask)) : std::string(kDefaultTask);
    const auto* task = tasks().find(name);
    return task ? *task : *tasks().find(kDefaultTask);
}

std::optional<Metric> judging_metric(const Job& model) {
    std::vector<std::string> names;
    for (const auto& summary : model.metrics)
        if (summary.series.starts_with(kPhase)) names.push_back(summary.series.substr(kPhase.size()));
    if (model.kind != "evaluation") return task_of(model).judge(names);
    // It does not say its task; what it measured does.
    for (const auto* task : tasks().all())
        if (auto metric = task->judge(names)) return metric;
    return std::nullopt;
}

bool lower_is_better(const Job& model, std::string_view series) {
    // A reference, since lists ask for each metric of each job.
    static const nlohmann::json none = nlohmann::json::array();
    const auto& outputs = model.network && model.network->contains("outputs") ? model.network->at("outputs") : none;
    for (const auto& output : outputs) {
        const auto name = output.value("name", "");
        // Elements after the first are named "distance[1]".
        if (name.empty() || !series.starts_with(name) || output.value("type", "") != "loss") continue;
        const auto rest = series.substr(name.size());
        if (rest.empty() || (rest.starts_with('[') && rest.ends_with(']'))) return true;
    }
    return !task_of(model).higher_is_better(series);
}

std::string series_of(const Metric& metric) { return std::string(kPhase) + metric.name; }

int best_snapshot(const std::vector<std::int64_t>& iterations, const std::optional<Metric>& metric,
                  const std::vector<MetricSeries>& series) {
    std::map<std::int64_t, double> values;
    if (metric)
        if (const auto found = std::ranges::find(series, series_of(*metric), &MetricSeries::series);
            found != series.end())
            for (const auto& point : found->points) values[point.iteration] = point.value;
    int index = static_cast<int>(iterations.size()) - 1;
    std::optional<double> best;
    for (std::size_t i = 0; i < iterations.size(); ++i) {
        const auto found = values.find(iterations[i]);
        if (found == values.end() || (best && !metric->replaces(found->second, *best))) continue;
        best = found->second;
        index = static_cast<int>(i);
    }
    return index;
}

}  // namespace digits::api
