#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace digits::api::compat {

/// What DIGITS's page of classify_many tells about images whose class is known.
class Confusion {
  public:
    explicit Confusion(std::vector<std::string> labels);

    /// `best`: indices of the classes that the network chose, best first.
    void add(std::int64_t truth, const std::vector<std::int64_t>& best);

    /// `top1_accuracy`, `top5_accuracy` and `per_class_accuracy` in percent (null for a class without images),
    /// `confusion_matrix` (a row for each true class) and `labels`; empty without any image.
    nlohmann::json to_json() const;

  private:
    std::vector<std::string> labels_;
    std::vector<std::vector<std::int64_t>> matrix_;
    std::int64_t count_ = 0, top1_ = 0, top5_ = 0;
};

}  // namespace digits::api::compat
