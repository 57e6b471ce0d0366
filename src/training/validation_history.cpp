#include "training/validation_history.hpp"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

namespace digits {

void ValidationHistory::add(std::int64_t iteration, const std::string& name, double value) {
    values_[name][iteration] = value;
}

void ValidationHistory::add_events(const std::filesystem::path& event_log, std::int64_t end) {
    std::ifstream file(event_log);
    for (std::string line; std::getline(file, line);) {
        const auto event = nlohmann::json::parse(line, nullptr, false);
        if (!event.is_object() || event.value("event", "") != "metrics" || event.value("phase", "") != "val") continue;
        const auto iteration = event.value("iteration", std::int64_t{0});
        if (iteration >= end) continue;
        const auto values = event.value("values", nlohmann::json::object());
        for (const auto& [name, value] : values.items())
            if (value.is_number()) add(iteration, name, value.get<double>());
    }
}

std::vector<std::string> ValidationHistory::names() const {
    std::vector<std::string> names;
    for (const auto& [name, points] : values_) names.push_back(name);
    return names;
}

std::optional<double> ValidationHistory::value(const std::string& name, std::int64_t iteration) const {
    const auto series = values_.find(name);
    if (series == values_.end()) return std::nullopt;
    const auto point = series->second.find(iteration);
    if (point == series->second.end() || !std::isfinite(point->second)) return std::nullopt;
    return point->second;
}

int ValidationHistory::count(const std::string& name, std::int64_t after, std::int64_t until) const {
    const auto series = values_.find(name);
    if (series == values_.end()) return 0;
    return static_cast<int>(std::distance(series->second.upper_bound(after), series->second.upper_bound(until)));
}

std::optional<ValidationHistory::Best> ValidationHistory::best(const Metric& metric) const {
    const auto series = values_.find(metric.name);
    if (series == values_.end()) return std::nullopt;
    std::optional<Best> best;
    for (const auto& [iteration, value] : series->second) {
        if (!std::isfinite(value)) continue;
        if (!best || metric.replaces(value, best->value)) best = {value, iteration};
    }
    return best;
}

}  // namespace digits
