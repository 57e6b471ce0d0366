#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tasks/classification/classification.hpp"
#include "tasks/detection/detection.hpp"
#include "tasks/multilabel/multilabel.hpp"
#include "tasks/processing/processing.hpp"
#include "tasks/regression/regression.hpp"
#include "tasks/segmentation/segmentation.hpp"
#include "tasks/task.hpp"

namespace digits {

namespace {

bool is_loss(std::string_view series) {
    std::string small(series);
    std::ranges::transform(small, small.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return small.find("loss") != std::string::npos || small.find("error") != std::string::npos;
}

/// Names that people give to what is to become small, as words of a name: "val_rmse", "distance[1]".
bool is_measure_of_error(std::string_view series) {
    constexpr std::string_view kWords[]{"distance", "dist", "mae", "mse", "rmse", "err", "perplexity"};
    std::string word;
    for (std::size_t i = 0; i <= series.size(); ++i) {
        const auto c = i < series.size() ? static_cast<unsigned char>(series[i]) : 0;
        if (std::isalnum(c)) {
            word += static_cast<char>(std::tolower(c));
            continue;
        }
        if (std::ranges::find(kWords, word) != std::end(kWords)) return true;
        word.clear();
    }
    return false;
}

}  // namespace

bool Task::higher_is_better(std::string_view series) const { return !is_loss(series) && !is_measure_of_error(series); }

std::optional<Metric> judge_by_loss(std::span<const std::string> series) {
    if (std::ranges::find(series, "loss") != series.end()) return Metric{"loss", false};
    auto found = std::ranges::find_if(series, is_loss);
    if (found == series.end()) found = std::ranges::find_if(series, is_measure_of_error);
    return found == series.end() ? std::nullopt : std::optional(Metric{*found, false});
}

Registry<Task>& tasks() {
    static const Classification classification;
    static const Regression regression;
    static const Detection detection;
    static const Segmentation segmentation;
    static const Processing processing;
    static const Multilabel multilabel;
    static Registry<Task> table{&classification, &regression, &detection, &segmentation, &processing, &multilabel};
    return table;
}

Result<const Task*> get_task(std::string_view name) {
    if (const auto* task = tasks().find(name.empty() ? kDefaultTask : name)) return task;
    return fail(make_error(ErrorCode::kUnsupported,
                           "The dataset is for the task \"{}\", which this version does not have.", name)
                    .advise("The tasks are: " + tasks().names()));
}

Status check_finite(const OutputArray& output) {
    const auto wrong = std::ranges::find_if_not(output.values, [](float value) { return std::isfinite(value); });
    if (wrong == output.values.end()) return {};
    return fail(
        make_error(ErrorCode::kFailedPrecondition,
                   "The network has no answer: its output \"{}\" is {}. The weights of this snapshot are those of a "
                   "training that diverged",
                   output.name, std::isnan(*wrong) ? "NaN (not a number)" : "infinite")
            .advise("Choose an earlier snapshot, or train again with a tenth of the learning rate"));
}

nlohmann::json raw_answer(std::span<const OutputArray> outputs) {
    auto list = nlohmann::json::array();
    for (const auto& output : outputs)
        list.push_back({{"name", output.name},
                        {"shape", output.shape},
                        {"values", std::vector<float>(output.values.begin(), output.values.end())}});
    return {{"view", "raw"}, {"outputs", std::move(list)}};
}

}  // namespace digits
