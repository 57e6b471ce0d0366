#include "data/evaluation_spec.hpp"
#include "engine/device/device.hpp"
#include "infer/evaluation.hpp"
#include "tasks.hpp"

namespace digits {

Result<nlohmann::json> run_evaluate_task(const nlohmann::json& json, TaskHost& host) {
    DIGITS_ASSIGN(const auto spec, parse_evaluation_spec(json));
    return evaluate(spec, default_device(), host);
}

}  // namespace digits
