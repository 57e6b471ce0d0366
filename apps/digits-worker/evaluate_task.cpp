#include <filesystem>

#include "data/evaluation_spec.hpp"
#include "engine/device/device.hpp"
#include "infer/evaluation.hpp"
#include "models/prepare.hpp"
#include "tasks.hpp"

namespace digits {

Result<nlohmann::json> run_evaluate_task(const nlohmann::json& json, TaskHost& host) {
    DIGITS_ASSIGN(const auto spec, parse_evaluation_spec(json));
    DIGITS_ASSIGN(const auto model, read_model_facts(host.grant().model_dir));
    DIGITS_ASSIGN(auto result, evaluate(spec, model.framework, default_device(), host));
    // The link to the snapshot (docs/jobs.md) has done its work; without it the training may free the disk.
    std::error_code ignored;
    const auto name = std::filesystem::path(host.grant().weights).filename();
    if (!name.empty()) std::filesystem::remove(host.job_dir() / "uploads" / name, ignored);
    return result;
}

}  // namespace digits
