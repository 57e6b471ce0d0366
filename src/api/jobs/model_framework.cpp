#include "api/jobs/model_framework.hpp"

#include <nlohmann/json.hpp>

namespace digits::api {

Result<const Framework*> framework_of(const Job& model) {
    return get_framework(model.spec->value("/network/framework"_json_pointer, std::string(kDefaultFramework)));
}

Result<std::vector<SnapshotEntry>> list_snapshots(const Job& model, const Context& context) {
    DIGITS_ASSIGN(const auto* framework, framework_of(model));
    return framework->snapshots(context.jobs.job_dir(model.id));
}

}  // namespace digits::api
