#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "tasks/output.hpp"
#include "tasks/output_forms.hpp"

namespace digits {

/// The output that has one value for each class: the one that the validation judges; else of those with as many values
/// as there are classes the only Softmax, or the last other one where no Softmax is in the way; else the last plain
/// list. Errors: kFailedPrecondition, naming the outputs, when there is none, and when several are as good; that of
/// check_finite().
Result<std::span<const float>> class_scores(std::span<const OutputArray> outputs, std::size_t classes);

/// What is wrong with a network of which several outputs could be the answer; `outputs` names them.
Error unclear_answer(std::size_t count, const std::string& outputs);

/// Numbers of the `top` highest scores, best first; of equal ones the lower number first.
std::vector<int> best_classes(std::span<const float> scores, std::size_t top);

}  // namespace digits
