#pragma once

#include <string>

namespace digits {

/// A number by which trainings or snapshots are compared.
struct Metric {
    std::string name;  ///< of a validation series, without its phase: "accuracy", "loss"
    bool higher_is_better = true;

    bool is_better(double value, double than) const { return higher_is_better ? value > than : value < than; }
};

}  // namespace digits
