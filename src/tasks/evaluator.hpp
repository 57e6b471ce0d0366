#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "data/sample.hpp"
#include "tasks/asked_image.hpp"
#include "tasks/output.hpp"

namespace digits {

struct EvaluatedSample {
    std::uint64_t index = 0;  ///< its place in the evaluated source, counted from 0
    std::string name;         ///< path, or the key in a database
    Target target;            ///< what is right, in pixels of `image`; none: not known
    AskedImage image;         ///< none for an image that could not be read
};

/// The number of a sample's class; -1: not known.
inline int class_of(const Target& target) {
    const auto* label = std::get_if<ClassLabel>(&target);
    return label ? label->index : -1;
}
/// The numbers to predict; none: not known.
inline std::span<const float> numbers_of(const Target& target) {
    const auto* tensor = std::get_if<Tensor>(&target);
    return tensor ? std::span<const float>(tensor->values) : std::span<const float>();
}

struct EvaluationReport {
    nlohmann::json members = nlohmann::json::object();    ///< of evaluation.json
    std::string_view view;                                ///< that shows it; empty: the view of the task's answers
    std::vector<std::string> brief;                       ///< names of the members that go into the job's result, too
    std::vector<std::pair<std::string, double>> metrics;  ///< of the whole evaluation, for its job's `metrics` event
    std::vector<std::string> warnings;                    ///< whole sentences: why a number is 0 and the like
};

/// Gathers what a network said of the samples of an evaluation. Samples come in the order of their index, each once.
class Evaluator {
  public:
    virtual ~Evaluator() = default;
    /// `outputs`: of a pair for siamese networks those for the first image, then those for the second.
    virtual Status add(const EvaluatedSample& sample, std::span<const OutputArray> outputs) = 0;
    /// A sample that could not be read.
    virtual Status add_unreadable(const EvaluatedSample& sample) = 0;
    /// Completes the files in the evaluation's folder: predictions.csv and those of the task's own pages.
    virtual Result<EvaluationReport> finish() = 0;
};

}  // namespace digits
