#include "data/sources/class_split.hpp"

#include <cmath>

namespace digits {

SplitSizes split_sizes(std::size_t size, int percent_val, int percent_test) {
    const int percent_train = 100 - percent_val - percent_test;
    if (percent_train >= 100) return {size, 0, 0};
    if (percent_val >= 100) return {0, size, 0};
    if (percent_test >= 100) return {0, 0, size};
    const auto share = [&](int percent) {
        return static_cast<std::size_t>(std::round(static_cast<double>(size) * percent / 100.0));
    };
    std::size_t train = std::min(share(percent_train), size);
    if (percent_train > 0 && train == 0 && size > 0) train = 1;
    std::size_t val = std::min(share(percent_val), size - train);
    if (percent_val > 0 && val == 0) {
        if (train > 1) {
            --train;
            val = 1;
        } else if (train + val < size) {
            val = 1;
        }
    }
    std::size_t test = size - train - val;
    if (percent_test > 0 && test == 0) {
        if (val > 1) {
            --val;
            test = 1;
        } else if (train > 1) {
            --train;
            test = 1;
        }
    }
    return {train, val, test};
}

std::vector<Split> splits_of(bool val, bool test) {
    std::vector<Split> splits{Split::kTrain};
    if (val) splits.push_back(Split::kVal);
    if (test) splits.push_back(Split::kTest);
    return splits;
}

Status check_percentages(int percent_val, int percent_test, const std::string& where) {
    if (percent_val + percent_test < 100) return {};
    return fail(make_error(ErrorCode::kInvalidArgument,
                           "{} % for validation and {} % for tests leave nothing to train with", percent_val,
                           percent_test)
                    .at(where + "/percent_val"));
}

Status check_class_limits(int least, int most, std::string_view prefix, const std::string& where) {
    if (most == 0 || most >= least) return {};
    return fail(make_error(ErrorCode::kInvalidArgument,
                           "{0}max_per_class must be 0 or at least {0}min_per_class ({2}); got {1}", prefix, most,
                           least)
                    .at(fmt::format("{}/{}max_per_class", where, prefix)));
}

ClassLimits limits_for(Split split, const SeparateClassLimits& limits, ClassLimits training) {
    const bool is_val = split == Split::kVal;
    return {(is_val ? limits.val_min_per_class : limits.test_min_per_class).value_or(training.least),
            (is_val ? limits.val_max_per_class : limits.test_max_per_class).value_or(training.most)};
}

Status check_separate_limits(const SeparateClassLimits& limits, ClassLimits training, const std::string& where) {
    for (const auto& [split, prefix] : {std::pair(Split::kVal, "val_"), {Split::kTest, "test_"}}) {
        const auto own = limits_for(split, limits, training);
        DIGITS_TRY(check_class_limits(own.least, own.most, prefix, where));
    }
    return {};
}

bool ClassDealer::is_large_enough(const std::string& label, std::size_t size, std::size_t least) {
    if (size >= std::max<std::size_t>(least, 1)) return true;
    facts_.warnings.push_back(
        fmt::format("class \"{}\" is left out: not enough images ({}; at least {} are needed)", label, size, least));
    return false;
}

void ClassDealer::warn_of_unknown(const std::string& label, const std::string& place) {
    facts_.warnings.push_back(
        fmt::format("class \"{}\" of {} is left out: the training set has no such class", label, place));
}

}  // namespace digits
