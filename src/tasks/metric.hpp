#pragma once

#include <string>

namespace digits {

/// A number by which trainings or snapshots are compared.
struct Metric {
    std::string name;  ///< of a validation series, without its phase: "accuracy", "loss"
    bool higher_is_better = true;

    bool is_better(double value, double than) const { return higher_is_better ? value > than : value < than; }
    /// Whether a later value makes its snapshot the best one. Of a metric such as mAP, 0 says that nothing was found
    /// yet: of two zeros the later counts, whose network has learned longer.
    bool replaces(double later, double best) const {
        return is_better(later, best) || (higher_is_better && later == 0 && best == 0);
    }
};

}  // namespace digits
