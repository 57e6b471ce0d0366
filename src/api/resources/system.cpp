#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "api/access.hpp"
#include "api/jobs/job_view.hpp"
#include "api/machine/doctor.hpp"
#include "api/machine/machine.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"
#include "base/disk_space.hpp"

namespace digits::api {
namespace {

using nlohmann::json;

json devices_view() {
    json devices = json::array();
    devices.push_back({{"id", "cpu"},
                       {"kind", "cpu"},
                       {"name", processor_name()},
                       {"memory_bytes", machine_memory_bytes()},
                       {"cores", std::thread::hardware_concurrency()}});
    const auto gpus = gpu_names();
    for (std::size_t i = 0; i < gpus.size(); ++i)
        devices.push_back({{"id", "cuda:" + std::to_string(i)},
                           {"kind", "gpu"},
                           {"name", gpus[i]},
                           {"memory_bytes", nullptr},
                           {"cores", nullptr}});
    return devices;
}

Result<http::Response> show(Context& context) {
    json counts = json::object();
    for (const auto& [state, name] : EnumNames<JobState>::kNames) {
        JobQuery query;
        query.states = {state};
        query.limit = 1;
        DIGITS_ASSIGN(const auto page, context.jobs.list(query));
        counts[std::string(name)] = page.total;
    }
    std::error_code ignored;
    const auto space = std::filesystem::space(context.options.data_dir, ignored);
    const auto slots = context.jobs.slots("model");
    const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    return json_response(
        200, {{"version", DIGITS_VERSION},
              {"data_dir", context.options.data_dir.string()},
              {"address", context.address.get()},
              {"pid", getpid()},
              {"started_at", time_view(context.started)},
              {"uptime_s", now - context.started},
              {"memory_bytes", own_memory_bytes()},
              {"devices", devices_view()},
              {"training_room", {{"total", slots.total}, {"taken", slots.used}}},
              {"python_layers", context.options.allow_python_layers},
              {"mnist", context.options.mnist.empty() ? json() : json(context.options.mnist.string())},
              {"url_fetch", context.url_images.allowed()},
              {"inference_server", context.options.rie_url},
              {"disk", {{"total_bytes", space.capacity}, {"free_bytes", space.available}}},
              {"limits",
               {{"body_bytes", kMaxBody_bytes}, {"upload_bytes", kMaxUpload_bytes}, {"upload_files", kMaxUploadFiles}}},
              {"jobs", std::move(counts)}});
}

/// What other users own stays until its time is over.
Result<http::Response> empty_trash(const http::Request& request, Context& context) {
    const auto user = user_of(request);
    DIGITS_ASSIGN(const auto count, context.jobs.empty_trash([&](const Job& job) {
        return authorise(user, Act::kChange, job).has_value();
    }));
    return json_response(200,
                         {{"removed", count}, {"free_bytes", free_disk_bytes(context.options.data_dir).value_or(0)}});
}

}  // namespace

void register_system(http::Router& router, Context& context) {
    router.add("GET", "/api/v1/system", [&](const http::Request&) { return show(context); });
    // Large folders take their time.
    router.add("DELETE", "/api/v1/trash", [&](const http::Request& request) -> http::Async<Result<http::Response>> {
        std::function<Result<http::Response>()> work = [&]() -> Result<http::Response> {
            return empty_trash(request, context);
        };
        co_return co_await http::run_slowly(std::move(work));
    });
    // It starts a worker and walks through all jobs' folders.
    router.add("GET", "/api/v1/system/doctor", [&](const http::Request&) -> http::Async<Result<http::Response>> {
        std::function<Result<http::Response>()> work = [&]() -> Result<http::Response> {
            return json_response(200, examine(context));
        };
        co_return co_await http::run_slowly(std::move(work));
    });
}

}  // namespace digits::api
