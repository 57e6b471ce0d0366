#include <sys/resource.h>

#include "answer_gallery.hpp"
#include "answer_paths.hpp"
#include "base/sanitizer.hpp"
#include "data/builder.hpp"
#include "data/open_source.hpp"
#include "data/recognition/recognize.hpp"
#include "data/reports/dataset_report.hpp"
#include "data/reports/resize_example.hpp"
#include "data/sources/packed/unpack_images.hpp"
#include "describe_network.hpp"
#include "request_loop.hpp"
#include "show_augmentation.hpp"
#include "stage_model.hpp"
#include "tasks.hpp"
#include "write_report.hpp"

namespace digits {

namespace {

using nlohmann::json;

/// What a person who fills in a form waits for.
constexpr auto kReportBudget = std::chrono::seconds(9);

/// Less than the server waits for a scan, so that a slow one ends with a reason.
constexpr auto kScanBudget = std::chrono::seconds(55);

ScanLimits limits_of(TaskContext& context) {
    ScanLimits limits;
    limits.time = kScanBudget;
    limits.cancelled = [&context] { return context.abort_requested(); };
    return limits;
}

Result<DatasetSpec> dataset_spec_of(const json& request, const TaskContext& context) {
    DIGITS_ASSIGN(auto spec, parse_dataset_spec(request.value("spec", json())));
    spec.roots = context.grant().roots;
    spec.fetch = context.grant().fetch;
    return spec;
}

Result<json> answer_dataset_report(const json& request, TaskContext& context) {
    DIGITS_ASSIGN(const auto spec, dataset_spec_of(request, context));
    return report_dataset(spec, kReportBudget, limits_of(context));
}

Result<json> answer_resize_example(const json& request, TaskContext& context) {
    DIGITS_ASSIGN(const auto spec, dataset_spec_of(request, context));
    return resize_example(spec, request.value("image", ""), limits_of(context));
}

/// The first sample of a source: the channels of its image, and the kind of its target.
Result<json> answer_example_facts(const json& request, TaskContext& context) {
    DIGITS_ASSIGN(const auto spec, dataset_spec_of(request, context));
    DIGITS_ASSIGN(const auto sample, example_sample(spec, limits_of(context)));
    json facts{{"target", enum_name(target_kind(sample.target))}};
    if (!sample.images.empty()) {
        const auto& image = sample.images.front();
        facts.update({{"width", image.width}, {"height", image.height}, {"channels", image.channels}});
    }
    return facts;
}

Result<json> answer_unpack(const json& request, TaskContext&) {
    return unpack_images(request.value("archive", ""), request.value("folder", ""));
}

Result<json> answer_recognize(const json& request, TaskContext& context) {
    return recognize_folder(request.value("folder", ""), context.grant().roots, limits_of(context));
}

Result<json> answer_dataset_scan(const json& request, TaskContext& context) {
    DIGITS_ASSIGN(const auto spec, dataset_spec_of(request, context));
    return scan_dataset(spec, limits_of(context));
}

/// For what does not look whether it was cancelled.
template <Result<json> (*kFunction)(const json&)>
Result<json> plain(const json& request, TaskContext&) {
    return kFunction(request);
}

/// For what reads files of the asker: that they are damaged is a fault of the question, not of the server.
template <Result<json> (*kFunction)(const json&, TaskContext&)>
Result<json> of_source(const json& request, TaskContext& context) {
    auto answer = kFunction(request, context);
    if (!answer && answer.error().code == ErrorCode::kDataLoss) answer.error().code = ErrorCode::kInvalidArgument;
    return answer;
}

Result<json> answer_describe(const json& request, TaskContext& context) {
    return describe_network(request, context.grant().roots);
}

using Answer = Result<json> (*)(const json& request, TaskContext& context);
// clang-format off
constexpr std::pair<std::string_view, Answer> kAnswers[]{
    {"augment_example", plain<show_augmentation>},
    {"browse", browse},
    {"check_places", check_places},
    {"complete_path", complete_path},
    {"dataset_report", of_source<answer_dataset_report>},
    {"dataset_scan", of_source<answer_dataset_scan>},
    {"describe", answer_describe},
    {"example_facts", of_source<answer_example_facts>},
    {"gallery_image", plain<show_gallery_image>},
    {"gallery_page", plain<show_gallery_page>},
    {"image_file", show_image_file},
    {"list_portion", read_list_portion},
    {"read_text", read_text},
    {"recognize", of_source<answer_recognize>},
    {"record_image", show_record_image},
    {"resize_example", of_source<answer_resize_example>},
    {"rewrite_list", rewrite_list},
    {"stage_model", stage_model},
    {"unpack", answer_unpack},
    {"write_report", write_report},
};
// clang-format on

Result<json> answer(const json& request, TaskContext& context) {
    const auto type = request.value("type", "");
    for (const auto& [name, function] : kAnswers)
        if (name == type) return function(request, context);
    return fail(ErrorCode::kUnsupported, "no answer to requests of type \"{}\"", type);
}

Status limit_memory(int megabytes) {
    if (megabytes == 0 || kAddressSanitizer) return {};
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
