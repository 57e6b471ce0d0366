#include <nlohmann/json.hpp>

#include "base/heap.hpp"
#include "base/secrets_file.hpp"
#include "data/builder.hpp"
#include "tasks.hpp"

namespace digits {

Result<nlohmann::json> run_dataset_task(const nlohmann::json& json, TaskHost& host) {
    keep_freed_pages();
    auto whole = json;
    DIGITS_TRY(put_back_secrets(whole, host.job_dir()));
    DIGITS_ASSIGN(auto spec, parse_dataset_spec(whole));
    spec.roots = host.grant().roots;
    spec.fetch = host.grant().fetch;
    DIGITS_ASSIGN(auto made, build_dataset(spec, host));
    remove_secrets(host.job_dir());
    return made;
}

}  // namespace digits
