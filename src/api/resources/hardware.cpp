#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "api/machine/gpu_monitor.hpp"
#include "api/machine/machine.hpp"
#include "api/machine/process_monitor.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"

namespace digits::api {
namespace {

using http::Request;
using http::Response;
using nlohmann::json;

/// Looks only when somebody asks.
struct Monitors {
    std::mutex mutex;
    ProcessMonitor processes;
    std::unique_ptr<GpuMonitor> gpus;  ///< made when first needed
};

json gpu_view(const std::optional<GpuUse>& gpu) {
    if (!gpu) return nullptr;
    return {{"name", gpu->name},
            {"utilisation", gpu->utilisation},
            {"memory_bytes", gpu->memory_bytes},
            {"memory_used_bytes", gpu->memory_used_bytes},
            {"temperature_c", gpu->temperature_c}};
}

Result<Response> show(const Request& request, Context& context, Monitors& monitors) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs));
    const std::scoped_lock lock(monitors.mutex);
    const auto use = job.pid > 0 ? monitors.processes.look(job.pid) : std::nullopt;
    if (!use) return fail(ErrorCode::kFailedPrecondition, "{} has no worker in state {}", job.id, enum_name(job.state));
    if (!monitors.gpus) monitors.gpus = std::make_unique<GpuMonitor>();
    const bool on_gpu = job.device.find("cuda") != std::string::npos;
    return json_response(200, {{"pid", job.pid},
                               {"device", job.device},
                               {"cores_busy", use->cores},
                               {"threads", use->threads},
                               {"memory_bytes", use->memory_bytes},
                               {"peak_memory_bytes", use->peak_memory_bytes},
                               {"machine",
                                {{"cores", std::thread::hardware_concurrency()},
                                 {"memory_bytes", machine_memory_bytes()},
                                 {"available_bytes", available_memory_bytes()}}},
                               {"gpu", gpu_view(on_gpu ? monitors.gpus->find(job.pid) : std::nullopt)}});
}

}  // namespace

void register_hardware(http::Router& router, Context& context) {
    const auto monitors = std::make_shared<Monitors>();
    router.add("GET", "/api/v1/jobs/{id}/hardware",
               [&, monitors](const Request& request) { return show(request, context, *monitors); });
}

}  // namespace digits::api
