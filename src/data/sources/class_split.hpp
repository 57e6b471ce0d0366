#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"
#include "data/sources/source.hpp"

namespace digits {

/// How many of `size` samples go to each split, by DIGITS's rounding; every split with a percentage gets one if it can.
struct SplitSizes {
    std::size_t train = 0;
    std::size_t val = 0;
    std::size_t test = 0;
};
SplitSizes split_sizes(std::size_t size, int percent_val, int percent_test);

/// The splits that percentages and folders or files of their own give.
std::vector<Split> splits_of(bool val, bool test);

/// Errors of percentages and limits of classes, which several sources have.
Status check_percentages(int percent_val, int percent_test, const std::string& where);
/// `prefix`: of the members' names, "val_".
Status check_class_limits(int least, int most, std::string_view prefix, const std::string& where);

/// Samples of one class: files, rectangles or numbers of items.
template <class Item>
struct ClassItems {
    std::string label;
    std::vector<Item> items;
};

struct ClassLimits {
    int least = 1;
    int most = 0;  ///< 0: no limit
};

/// Limits of classes for separate validation and test folders; none: those of the training images. Options of sources
/// derive from it.
struct SeparateClassLimits {
    std::optional<int> val_min_per_class;
    std::optional<int> val_max_per_class;
    std::optional<int> test_min_per_class;
    std::optional<int> test_max_per_class;
};
/// `training`: the limits of the training images.
ClassLimits limits_for(Split split, const SeparateClassLimits& limits, ClassLimits training);
Status check_separate_limits(const SeparateClassLimits& limits, ClassLimits training, const std::string& where);

/// Deals the samples of each class to the splits, as DIGITS does: mixed by a seed, cut to a limit, then by percent.
/// What goes where depends on the seed, the split and the class alone.
class ClassDealer {
  public:
    ClassDealer(std::uint64_t seed, SourceFacts& facts) : seed_(seed), facts_(facts) {}

    /// The classes of the training set become the labels, in this order; small ones are left out with a warning.
    /// `add(split, item, label)` takes each sample.
    template <class Item, class Add>
    void deal(std::vector<ClassItems<Item>>& classes, ClassLimits limits, int percent_val, int percent_test,
              const Add& add) {
        const auto least = least_of(limits, percent_val, percent_test);
        for (auto& one : classes) {
            if (!is_large_enough(one.label, one.items.size(), least)) continue;
            const int label = static_cast<int>(facts_.labels.size());
            facts_.labels.push_back(one.label);
            choose(one.items, limits.most, static_cast<std::uint64_t>(label));
            const auto sizes = split_sizes(one.items.size(), percent_val, percent_test);
            for (std::size_t i = 0; i < one.items.size(); ++i) {
                const auto split = i < sizes.train               ? Split::kTrain
                                   : i < sizes.train + sizes.val ? Split::kVal
                                                                 : Split::kTest;
                add(split, std::move(one.items[i]), label);
            }
        }
    }

    /// All samples of these classes go to one split; those of classes that the training set lacks are left out.
    /// `place`: where they come from.
    template <class Item, class Add>
    void deal_to(Split split, std::vector<ClassItems<Item>>& classes, ClassLimits limits, const std::string& place,
                 const Add& add) {
        std::map<std::string, int> numbers;
        for (std::size_t i = 0; i < facts_.labels.size(); ++i) numbers[facts_.labels[i]] = static_cast<int>(i);
        for (auto& one : classes) {
            if (!is_large_enough(one.label, one.items.size(), static_cast<std::size_t>(limits.least))) continue;
            const auto number = numbers.find(one.label);
            if (number == numbers.end()) {
                warn_of_unknown(one.label, place);
                continue;
            }
            // Streams above those of the training set.
            const auto stream = (static_cast<std::uint64_t>(split) << 32) + static_cast<std::uint64_t>(number->second);
            choose(one.items, limits.most, stream);
            for (auto& item : one.items) add(split, std::move(item), number->second);
        }
    }

    /// How many samples a class needs.
    static std::size_t least_of(ClassLimits limits, int percent_val, int percent_test) {
        return static_cast<std::size_t>(std::max(limits.least, 1 + (percent_val > 0) + (percent_test > 0)));
    }

  private:
    template <class Item>
    void choose(std::vector<Item>& items, int most, std::uint64_t stream) const {
        SplitMix64 random(seed_, stream);
        shuffle(std::span(items), random);
        if (most > 0 && items.size() > static_cast<std::size_t>(most)) items.resize(static_cast<std::size_t>(most));
    }
    bool is_large_enough(const std::string& label, std::size_t size, std::size_t least);
    void warn_of_unknown(const std::string& label, const std::string& place);

    std::uint64_t seed_;
    SourceFacts& facts_;
};

}  // namespace digits
