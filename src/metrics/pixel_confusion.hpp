#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <vector>

namespace digits {

/// How often each class of pixels was taken for each other, and what is counted from that. Rows are the truth. A pixel
/// whose truth is the ignored value or not a class does not count; one whose prediction is not a class is an error of
/// its true class. An ignored value that is a class has no numbers and does not count in means.
class PixelConfusion {
  public:
    explicit PixelConfusion(int classes, std::optional<int> ignored = std::nullopt);

    /// One image; both have as many pixels.
    void add(std::span<const int> truth, std::span<const int> predicted);
    void add(const PixelConfusion& other);

    int classes() const { return static_cast<int>(size_); }
    std::uint64_t at(std::size_t truth, std::size_t predicted) const {
        return counts_[truth * (size_ + 1) + predicted];
    }
    /// Of the pixels of a class, those whose prediction is not a class.
    std::uint64_t out_of_range(std::size_t truth) const { return at(truth, size_); }

    std::uint64_t valid_pixels() const;
    std::uint64_t truth_pixels(std::size_t label) const;
    std::uint64_t predicted_pixels(std::size_t label) const;

    // Without a value: nothing divided by nothing.
    std::optional<double> iou(std::size_t label) const;             ///< common over together
    std::optional<double> dice(std::size_t label) const;            ///< 2 x common over the sum
    std::optional<double> class_accuracy(std::size_t label) const;  ///< right over the class's pixels
    std::optional<double> pixel_accuracy() const;
    std::optional<double> mean_iou() const;           ///< over the classes in truth or prediction
    std::optional<double> mean_iou_in_truth() const;  ///< over the classes in truth
    std::optional<double> mean_class_accuracy() const;
    std::optional<double> frequency_weighted_iou() const;

    /// `confusion_rows_truth`, `prediction_out_of_range`, `valid_pixels`, `iou`, `miou`, `miou_classes_in_truth`,
    /// `pixel_accuracy`, `class_accuracy`, `mean_class_accuracy`, `dice`, `frequency_weighted_iou`; null for no value.
    nlohmann::json to_json() const;

  private:
    bool counts(std::size_t label) const { return !ignored_ || static_cast<std::size_t>(*ignored_) != label; }
    template <class Value>
    std::optional<double> mean(Value value) const;

    std::size_t size_;
    std::optional<int> ignored_;
    std::vector<std::uint64_t> counts_;  ///< size_ rows of size_ + 1
};

}  // namespace digits
