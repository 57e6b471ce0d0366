#include <sys/resource.h>

#include "base/json_binding.hpp"
#include "data/reports/dataset_report.hpp"
#include "data/reports/resize_example.hpp"
#include "data/sources/unpack_pictures.hpp"
#include "describe_network.hpp"
#include "request_loop.hpp"
#include "show_augmentation.hpp"
#include "tasks.hpp"

namespace digits {

struct AssistSpec {
    int idle_s = 300;
    int memory_mb = 4096;
};
template <>
struct JsonBinding<AssistSpec> {
    static auto fields() {
        return std::tuple{json_field("idle_s", &AssistSpec::idle_s)
                              .help("seconds without a request after which the worker ends")
                              .range(1, 1e6),
                          json_field("memory_mb", &AssistSpec::memory_mb)
                              .help("most memory that the worker may take for its data")
                              .range(256, 1e7)};
    }
};

namespace {

using nlohmann::json;

/// What a person who fills in a form waits for.
constexpr auto kReportBudget = std::chrono::seconds(9);

Result<json> answer_dataset_report(const json& request, TaskContext&) {
    DIGITS_ASSIGN(const auto spec, parse_dataset_spec(request.value("spec", json())));
    return report_dataset(spec, kReportBudget);
}

Result<json> answer_resize_example(const json& request, TaskContext&) {
    DIGITS_ASSIGN(const auto spec, parse_dataset_spec(request.value("spec", json())));
    return resize_example(spec, request.value("picture", ""));
}

Result<json> answer_unpack(const json& request, TaskContext&) {
    return unpack_pictures(request.value("archive", ""), request.value("folder", ""));
}

using Answer = Result<json> (*)(const json& request, TaskContext& context);
constexpr std::pair<std::string_view, Answer> kAnswers[]{
    {"augment_example", [](const json& request, TaskContext&) { return show_augmentation(request); }},
    {"dataset_report", answer_dataset_report},
    {"describe", [](const json& request, TaskContext&) { return describe_network(request); }},
    {"resize_example", answer_resize_example},
    {"unpack", answer_unpack},
};

Result<json> answer(const json& request, TaskContext& context) {
    const auto type = request.value("type", "");
    for (const auto& [name, function] : kAnswers)
        if (name == type) return function(request, context);
    return fail(ErrorCode::kUnsupported, "no answer to requests of type \"{}\"", type);
}

Status limit_memory(int megabytes) {
    const rlimit limit{static_cast<rlim_t>(megabytes) << 20, static_cast<rlim_t>(megabytes) << 20};
    if (setrlimit(RLIMIT_DATA, &limit) != 0) return fail(errno_error("cannot limit the memory", errno));
    return {};
}

}  // namespace

Result<json> run_assist_task(const json& task, TaskHost& host) {
    DIGITS_ASSIGN(const auto spec, parse_json<AssistSpec>(task));
    DIGITS_TRY(limit_memory(spec.memory_mb));
    host.emit({{"event", "ready"}});
    return answer_requests(host, std::chrono::seconds(spec.idle_s), answer);
}

}  // namespace digits
