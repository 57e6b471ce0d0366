#include "base/json_binding.hpp"
#include "engine/device/device.hpp"
#include "infer/inference.hpp"
#include "models/prepare.hpp"
#include "request_loop.hpp"
#include "tasks.hpp"

namespace digits {

struct InferSpec {
    int threads = 0;
};
template <>
struct JsonBinding<InferSpec> {
    static auto fields() {
        return std::tuple{json_field("threads", &InferSpec::threads).help("0: all cores").range(0, 1024)};
    }
};

Result<nlohmann::json> run_infer_task(const nlohmann::json& json, TaskHost& host) {
    DIGITS_ASSIGN(const auto spec, parse_json<InferSpec>(json));
    const auto& grant = host.grant();
    DIGITS_ASSIGN(const auto model, read_model_facts(grant.model_dir));
    DIGITS_ASSIGN(const auto inference,
                  Inference::open({grant.model_dir, grant.dataset_dir, grant.weights, default_device(), spec.threads,
                                   model.framework, grant.roots}));
    host.emit({{"event", "ready"}, {"snapshot_iteration", inference->predictor().iteration()}});
    return answer_requests(host, std::chrono::seconds(grant.limits.idle_s),
                           [&](const nlohmann::json& request, TaskContext&) { return inference->answer(request); });
}

}  // namespace digits
