#include "data/exports/export_dataset.hpp"
#include "tasks.hpp"

namespace digits {

Result<nlohmann::json> run_export_task(const nlohmann::json& json, TaskHost& host) {
    DIGITS_ASSIGN(const auto spec, parse_export_spec(json));
    return export_dataset(spec, host.grant().dataset_dir, host);
}

}  // namespace digits
