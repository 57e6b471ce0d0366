#pragma once

#include <memory>
#include <span>
#include <vector>

#include "tasks/output.hpp"

namespace digits {

/// Outputs of one image; the values live as long as this.
class Outputs {
  public:
    Outputs& add(const char* name, const char* type, std::vector<std::int64_t> shape, std::vector<float> values) {
        values_.push_back(std::make_unique<std::vector<float>>(std::move(values)));
        outputs_.push_back({name, type, std::move(shape), *values_.back()});
        return *this;
    }
    /// The last one is what the validation measures.
    Outputs& judged() {
        outputs_.back().is_judged = true;
        return *this;
    }
    operator std::span<const OutputArray>() const { return outputs_; }

  private:
    std::vector<std::unique_ptr<std::vector<float>>> values_;
    std::vector<OutputArray> outputs_;
};

}  // namespace digits
