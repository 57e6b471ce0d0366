#include <sys/resource.h>

#include "data/reports/dataset_report.hpp"
#include "data/reports/resize_example.hpp"
#include "data/sources/unpack_pictures.hpp"
#include "describe_network.hpp"
#include "request_loop.hpp"
#include "show_augmentation.hpp"
#include "tasks.hpp"

namespace digits {

namespace {

using nlohmann::json;

/// What a person who fills in a form waits for.
constexpr auto kReportBudget = std::chrono::seconds(9);

Result<DatasetSpec> dataset_spec_of(const json& request, const TaskContext& context) {
    DIGITS_ASSIGN(auto spec, parse_dataset_spec(request.value("spec", json())));
    spec.roots = context.grant().roots;
    return spec;
}

Result<json> answer_dataset_report(const json& request, TaskContext& context) {
    DIGITS_ASSIGN(const auto spec, dataset_spec_of(request, context));
    return report_dataset(spec, kReportBudget);
}

Result<json> answer_resize_example(const json& request, TaskContext& context) {
    DIGITS_ASSIGN(const auto spec, dataset_spec_of(request, context));
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
    if (megabytes == 0) return {};
    const rlimit limit{static_cast<rlim_t>(megabytes) << 20, static_cast<rlim_t>(megabytes) << 20};
    if (setrlimit(RLIMIT_DATA, &limit) != 0) return fail(errno_error("cannot limit the memory", errno));
    return {};
}

}  // namespace

Result<json> run_assist_task(const json&, TaskHost& host) {
    const auto& limits = host.grant().limits;
    DIGITS_TRY(limit_memory(limits.memory_mb));
    host.emit({{"event", "ready"}});
    return answer_requests(host, std::chrono::seconds(limits.idle_s), answer);
}

}  // namespace digits
