#include "base/json_binding.hpp"
#include "engine/device/device.hpp"
#include "infer/inference.hpp"
#include "models/prepare.hpp"
#include "request_loop.hpp"
#include "tasks.hpp"

namespace digits {

struct InferSpec {
    std::string model_dir;
    std::string dataset_dir;
    std::string snapshot;
    int idle_s = 300;
    int threads = 0;
};
template <>
struct JsonBinding<InferSpec> {
    static auto fields() {
        return std::tuple{json_field("model_dir", &InferSpec::model_dir).required(),
                          json_field("dataset_dir", &InferSpec::dataset_dir).required(),
                          json_field("snapshot", &InferSpec::snapshot).help("a file in model_dir; empty: the newest"),
                          json_field("idle_s", &InferSpec::idle_s)
                              .help("seconds without a request after which the worker ends")
                              .range(1, 1e6),
                          json_field("threads", &InferSpec::threads).help("0: all cores").range(0, 1024)};
    }
};

Result<nlohmann::json> run_infer_task(const nlohmann::json& json, TaskHost& host) {
    DIGITS_ASSIGN(const auto spec, parse_json<InferSpec>(json));
    DIGITS_ASSIGN(const auto model, read_model_facts(spec.model_dir));
    DIGITS_ASSIGN(const auto inference, Inference::open({spec.model_dir, spec.dataset_dir, spec.snapshot,
                                                         default_device(), spec.threads, model.framework}));
    host.emit({{"event", "ready"}, {"snapshot_iteration", inference->predictor().iteration()}});
    return answer_requests(host, std::chrono::seconds(spec.idle_s),
                           [&](const nlohmann::json& request, TaskContext&) { return inference->answer(request); });
}

}  // namespace digits
