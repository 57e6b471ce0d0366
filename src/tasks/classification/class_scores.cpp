#include "tasks/classification/class_scores.hpp"

#include <algorithm>
#include <numeric>

#include "tasks/task.hpp"

namespace digits {
namespace {

/// One value after the other, not a map of values.
bool is_list(const OutputArray& output) {
    return !output.shape.empty() && output.shape.front() == static_cast<std::int64_t>(output.values.size());
}

}  // namespace

Result<std::span<const float>> class_scores(std::span<const OutputArray> outputs, std::size_t classes) {
    const OutputArray *judged = nullptr, *of_size = nullptr, *list = nullptr;
    std::vector<const OutputArray*> probabilities;
    bool has_map = false;
    for (const auto& output : outputs) {
        if (!is_list(output)) {
            has_map = has_map || output.type == "Softmax";
            continue;
        }
        list = &output;
        if (output.is_judged) judged = &output;
        if (output.values.size() != classes) continue;
        of_size = &output;
        if (output.type == "Softmax") probabilities.push_back(&output);
    }
    if (!judged && probabilities.size() > 1) return fail(unclear_answer(probabilities.size(), forms_of(outputs)));
    const auto* softmax = probabilities.empty() ? nullptr : probabilities.front();
    // Beside a map of probabilities, plain scores are not the answer.
    const auto* other = has_map ? nullptr : of_size ? of_size : list;
    if (const auto* chosen = judged ? judged : softmax ? softmax : other) {
        DIGITS_TRY(check_finite(*chosen));
        return chosen->values;
    }
    return fail(make_error(ErrorCode::kFailedPrecondition,
                           "The network has no output with one value for each class: its outputs are {}.",
                           forms_of(outputs))
                    .advise("Let the network end in a layer with one output a class, for instance an InnerProduct "
                            "layer and a Softmax"));
}

Error unclear_answer(std::size_t count, const std::string& outputs) {
    return make_error(ErrorCode::kFailedPrecondition,
                      "{} outputs of the network could be the answer, and no Accuracy layer says which: {}.", count,
                      outputs)
        .advise(
            "Let an Accuracy layer of the validation read the scores that answer, or exclude the other outputs "
            "from the stage deploy");
}

std::vector<int> best_classes(std::span<const float> scores, std::size_t top) {
    std::vector<int> order(scores.size());
    std::iota(order.begin(), order.end(), 0);
    const auto kept = std::min(scores.size(), std::max<std::size_t>(top, 1));
    const auto score = [&](int index) { return scores[static_cast<std::size_t>(index)]; };
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
                      [&](int a, int b) { return score(a) != score(b) ? score(a) > score(b) : a < b; });
    order.resize(kept);
    return order;
}

}  // namespace digits
