#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "data/reports/prediction_table.hpp"

namespace digits {

/// Counts how often a network is right, in all and by class.
class ScoreSheet {
  public:
    explicit ScoreSheet(std::vector<std::string> labels) : labels_(std::move(labels)) {}

    void add(const PredictionRow& row);

    /// `labelled`, `top1`, `top5` (null without any known class), `confusion` (`[truth, predicted, count]`, only what
    /// occurs), `classes` (`label`, `support`, `predicted`, `precision`, `recall`, `f1`; null where nothing is divided
    /// by nothing) and `macro` (means over the classes that have images). docs/formats/specs.md
    nlohmann::json to_json() const;

  private:
    std::vector<std::string> labels_;
    std::map<std::pair<int, int>, std::uint64_t> cells_;
    std::uint64_t labelled_ = 0, top1_ = 0, top5_ = 0;
};

}  // namespace digits
