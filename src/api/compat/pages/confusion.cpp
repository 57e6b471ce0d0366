#include "api/compat/pages/confusion.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

namespace digits::api::compat {
namespace {

using nlohmann::json;

double percent(std::int64_t part, std::int64_t whole) {
    return std::round(10000.0 * static_cast<double>(part) / static_cast<double>(whole)) / 100;
}

}  // namespace

Confusion::Confusion(std::vector<std::string> labels)
    : labels_(std::move(labels)), matrix_(labels_.size(), std::vector<std::int64_t>(labels_.size(), 0)) {}

void Confusion::add(std::int64_t truth, const std::vector<std::int64_t>& best) {
    const auto classes = static_cast<std::int64_t>(labels_.size());
    if (best.empty() || truth >= classes) return;
    ++count_;
    if (best.front() >= 0 && best.front() < classes)
        ++matrix_[static_cast<std::size_t>(truth)][static_cast<std::size_t>(best.front())];
    if (best.front() == truth) ++top1_;
    if (std::ranges::find(best, truth) != best.end()) ++top5_;
}

json Confusion::to_json() const {
    if (count_ == 0) return json::object();
    json classes = json::array();
    for (std::size_t i = 0; i < labels_.size(); ++i) {
        const auto shown = std::accumulate(matrix_[i].begin(), matrix_[i].end(), std::int64_t{0});
        classes.push_back(shown > 0 ? json(percent(matrix_[i][i], shown)) : json());
    }
    return {{"top1_accuracy", percent(top1_, count_)},
            {"top5_accuracy", percent(top5_, count_)},
            {"per_class_accuracy", std::move(classes)},
            {"confusion_matrix", matrix_},
            {"labels", labels_}};
}

}  // namespace digits::api::compat
