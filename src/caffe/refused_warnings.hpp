#pragma once

#include "caffe/digits_rules.hpp"

namespace digits {

/// Hands over the warnings of a network when it is refused by whatever follows; those of one that is not are in its
/// files.
class RefusedWarnings {
  public:
    RefusedWarnings(const TrainingFiles& files, const TrainingChoices& choices)
        : warnings_(files.warnings), to_(choices.refused_warnings) {}
    ~RefusedWarnings() {
        if (to_) *to_ = warnings_;
    }
    RefusedWarnings(const RefusedWarnings&) = delete;
    RefusedWarnings& operator=(const RefusedWarnings&) = delete;

  private:
    const std::vector<std::string>& warnings_;
    std::vector<std::string>* to_;
};

}  // namespace digits
