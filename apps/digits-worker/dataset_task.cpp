#include "data/builder.hpp"
#include "tasks.hpp"

namespace digits {

Result<nlohmann::json> run_dataset_task(const nlohmann::json& json, TaskHost& host) {
    DIGITS_ASSIGN(auto spec, parse_dataset_spec(json));
    spec.roots = host.grant().roots;
    return build_dataset(spec, host);
}

}  // namespace digits
