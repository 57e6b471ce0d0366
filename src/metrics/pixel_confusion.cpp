#include "metrics/pixel_confusion.hpp"

#include <nlohmann/json.hpp>

#include "base/check.hpp"

namespace digits {
namespace {

std::optional<double> ratio(std::uint64_t part, std::uint64_t whole) {
    return whole > 0 ? std::optional(static_cast<double>(part) / static_cast<double>(whole)) : std::nullopt;
}

nlohmann::json or_null(const std::optional<double>& value) { return value ? nlohmann::json(*value) : nlohmann::json(); }

}  // namespace

PixelConfusion::PixelConfusion(int classes, std::optional<int> ignored)
    : size_(static_cast<std::size_t>(classes)), ignored_(ignored), counts_(size_ * (size_ + 1)) {}

void PixelConfusion::add(std::span<const int> truth, std::span<const int> predicted) {
    DIGITS_CHECK(truth.size() == predicted.size());
    const auto classes = static_cast<unsigned>(size_);
    const std::size_t row = size_ + 1;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        const auto label = static_cast<unsigned>(truth[i]);
        if (label >= classes || (ignored_ && truth[i] == *ignored_)) continue;
        ++counts_[label * row + std::min(static_cast<unsigned>(predicted[i]), classes)];
    }
}

void PixelConfusion::add(const PixelConfusion& other) {
    DIGITS_CHECK(counts_.size() == other.counts_.size());
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

std::uint64_t PixelConfusion::valid_pixels() const {
    std::uint64_t sum = 0;
    for (const auto count : counts_) sum += count;
    return sum;
}

std::uint64_t PixelConfusion::truth_pixels(std::size_t label) const {
    std::uint64_t sum = 0;
    for (std::size_t predicted = 0; predicted <= size_; ++predicted) sum += at(label, predicted);
    return sum;
}

std::uint64_t PixelConfusion::predicted_pixels(std::size_t label) const {
    std::uint64_t sum = 0;
    for (std::size_t truth = 0; truth < size_; ++truth) sum += at(truth, label);
    return sum;
}

std::optional<double> PixelConfusion::iou(std::size_t label) const {
    if (!counts(label)) return std::nullopt;
    const auto common = at(label, label);
    return ratio(common, truth_pixels(label) + predicted_pixels(label) - common);
}

std::optional<double> PixelConfusion::dice(std::size_t label) const {
    if (!counts(label)) return std::nullopt;
    return ratio(2 * at(label, label), truth_pixels(label) + predicted_pixels(label));
}

std::optional<double> PixelConfusion::class_accuracy(std::size_t label) const {
    if (!counts(label)) return std::nullopt;
    return ratio(at(label, label), truth_pixels(label));
}

std::optional<double> PixelConfusion::pixel_accuracy() const {
    std::uint64_t right = 0;
    for (std::size_t label = 0; label < size_; ++label) right += at(label, label);
    return ratio(right, valid_pixels());
}

template <class Value>
std::optional<double> PixelConfusion::mean(Value value) const {
    double sum = 0;
    std::size_t count = 0;
    for (std::size_t label = 0; label < size_; ++label)
        if (const std::optional<double> one = value(label)) {
            sum += *one;
            ++count;
        }
    return count > 0 ? std::optional(sum / static_cast<double>(count)) : std::nullopt;
}

std::optional<double> PixelConfusion::mean_iou() const {
    return mean([this](std::size_t label) { return iou(label); });
}

std::optional<double> PixelConfusion::mean_iou_in_truth() const {
    return mean([this](std::size_t label) { return truth_pixels(label) > 0 ? iou(label) : std::nullopt; });
}

std::optional<double> PixelConfusion::mean_class_accuracy() const {
    return mean([this](std::size_t label) { return class_accuracy(label); });
}

std::optional<double> PixelConfusion::frequency_weighted_iou() const {
    const auto valid = valid_pixels();
    if (valid == 0) return std::nullopt;
    double sum = 0;
    for (std::size_t label = 0; label < size_; ++label)
        if (const auto one = iou(label)) sum += static_cast<double>(truth_pixels(label)) * *one;
    return sum / static_cast<double>(valid);
}

nlohmann::json PixelConfusion::to_json() const {
    auto rows = nlohmann::json::array(), outside = nlohmann::json::array(), ious = nlohmann::json::array(),
         dices = nlohmann::json::array(), accuracies = nlohmann::json::array();
    for (std::size_t label = 0; label < size_; ++label) {
        auto row = nlohmann::json::array();
        for (std::size_t predicted = 0; predicted < size_; ++predicted) row.push_back(at(label, predicted));
        rows.push_back(std::move(row));
        outside.push_back(out_of_range(label));
        ious.push_back(or_null(iou(label)));
        dices.push_back(or_null(dice(label)));
        accuracies.push_back(or_null(class_accuracy(label)));
    }
    return {{"confusion_rows_truth", std::move(rows)},
            {"prediction_out_of_range", std::move(outside)},
            {"valid_pixels", valid_pixels()},
            {"iou", std::move(ious)},
            {"miou", or_null(mean_iou())},
            {"miou_classes_in_truth", or_null(mean_iou_in_truth())},
            {"pixel_accuracy", or_null(pixel_accuracy())},
            {"class_accuracy", std::move(accuracies)},
            {"mean_class_accuracy", or_null(mean_class_accuracy())},
            {"dice", std::move(dices)},
            {"frequency_weighted_iou", or_null(frequency_weighted_iou())}};
}

}  // namespace digits
