#include "data/evaluation_spec.hpp"
#include "engine/device/device.hpp"
#include "infer/evaluation.hpp"
#include "models/prepare.hpp"
#include "tasks.hpp"

namespace digits {

Result<nlohmann::json> run_evaluate_task(const nlohmann::json& json, TaskHost& host) {
    DIGITS_ASSIGN(const auto spec, parse_evaluation_spec(json));
    DIGITS_ASSIGN(const auto model, read_model_facts(host.grant().model_dir));
    return evaluate(spec, model.framework, default_device(), host);
}

}  // namespace digits
