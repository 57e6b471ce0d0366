#include "api/jobs/model_framework.hpp"

#include <nlohmann/json.hpp>

namespace digits::api {

Result<const Framework*> framework_of(const Job& model) { return get_framework(framework_name(*model.spec)); }

std::string pretrained_framework(const Job& pretrained) {
    const std::string otherwise(kDefaultFramework);
    return pretrained.result ? pretrained.result->value("framework", otherwise) : otherwise;
}

Result<std::vector<SnapshotEntry>> list_snapshots(const Job& model, const Context& context) {
    DIGITS_ASSIGN(const auto* framework, framework_of(model));
    return framework->snapshots(context.jobs.job_dir(model.id));
}

}  // namespace digits::api
