#include "data/builder.hpp"
#include "tasks.hpp"

namespace digits {

Result<nlohmann::json> run_dataset_task(const nlohmann::json& json, TaskHost& host) {
    DIGITS_ASSIGN(const auto spec, parse_dataset_spec(json));
    return build_dataset(spec, host);
}

}  // namespace digits
