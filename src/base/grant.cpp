#include "base/grant.hpp"

#include "base/json_binding.hpp"

namespace digits {

template <>
struct JsonBinding<Placement> {
    static auto fields() {
        return std::tuple{json_field("host", &Placement::host).help("empty: the server's machine"),
                          json_field("devices", &Placement::devices).help("as CUDA_VISIBLE_DEVICES names them"),
                          json_field("ranks", &Placement::ranks).help("processes that train together").range(1, 4096)};
    }
};
template <>
struct JsonBinding<TaskLimits> {
    static auto fields() {
        return std::tuple{json_field("idle_s", &TaskLimits::idle_s)
                              .help("seconds without a request after which a warm worker ends")
                              .range(1, 1e6),
                          json_field("memory_mb", &TaskLimits::memory_mb)
                              .help("most memory for the worker's data; 0: no limit")
                              .range(0, 1e7)};
    }
};
template <>
struct JsonBinding<FetchGrant> {
    static auto fields() {
        return std::tuple{json_field("allowed", &FetchGrant::allowed).help("other machines may be asked"),
                          json_field("private_hosts", &FetchGrant::private_hosts)
                              .help("hosts that may be on this machine or in its own networks")};
    }
};
template <>
struct JsonBinding<Grant> {
    static auto fields() {
        return std::tuple{
            json_field("dataset_dir", &Grant::dataset_dir).help("folder of the dataset's job"),
            json_field("model_dir", &Grant::model_dir).help("folder of the model's job"),
            json_field("weights", &Grant::weights).help("a file in model_dir; empty: the newest snapshot"),
            json_field("roots", &Grant::roots).help("folders that may be read; empty: all"),
            json_field("allow_python_layers", &Grant::allow_python_layers).help("networks may run Python layers"),
            json_field("fetch", &Grant::fetch),
            json_field("placement", &Grant::placement),
            json_field("limits", &Grant::limits)};
    }
};

Grant take_old_grant(nlohmann::json& spec) {
    Grant grant;
    if (!spec.is_object()) return grant;
    const auto take = [&](const char* name, std::string& text) {
        const auto found = spec.find(name);
        if (found == spec.end() || !found->is_string()) return;
        text = found->get<std::string>();
        spec.erase(found);
    };
    take("dataset_dir", grant.dataset_dir);
    take("model_dir", grant.model_dir);
    take("weights", grant.weights);
    if (const auto roots = spec.find("roots"); roots != spec.end()) {
        if (const auto status = from_json(*roots, grant.roots, "/roots"); !status) return grant;
        spec.erase("roots");
    }
    return grant;
}

Result<Grant> parse_grant(const nlohmann::json& json) { return parse_json<Grant>(json); }
nlohmann::json to_json(const Grant& grant) { return to_json<Grant>(grant); }

Result<Placement> parse_placement(const nlohmann::json& json) { return parse_json<Placement>(json); }
nlohmann::json to_json(const Placement& placement) { return to_json<Placement>(placement); }

}  // namespace digits
