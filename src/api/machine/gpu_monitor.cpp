#include "api/machine/gpu_monitor.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <array>

namespace digits::api {
namespace {

// The few of NVML's types that are needed, as its stable interface has them.
using Device = void*;
struct Utilisation {
    unsigned gpu, memory;  // %
};
struct Memory {
    unsigned long long total, free, used;
};
struct Process {
    unsigned pid;
    unsigned long long used_memory;
};
constexpr int kSuccess = 0;
constexpr int kCelsius = 0;  // NVML_TEMPERATURE_GPU
constexpr unsigned kMostProcesses = 64;

}  // namespace

struct GpuMonitor::Library {
    void* handle = nullptr;
    int (*init)() = nullptr;
    int (*shutdown)() = nullptr;
    int (*count)(unsigned*) = nullptr;
    int (*device)(unsigned, Device*) = nullptr;
    int (*name)(Device, char*, unsigned) = nullptr;
    int (*utilisation)(Device, Utilisation*) = nullptr;
    int (*memory)(Device, Memory*) = nullptr;
    int (*temperature)(Device, int, unsigned*) = nullptr;
    int (*processes)(Device, unsigned*, Process*) = nullptr;
    bool ready = false;

    Library() {
        handle = ::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
        if (!handle) return;
        const bool all = load("nvmlInit_v2", init) && load("nvmlShutdown", shutdown) &&
                         load("nvmlDeviceGetCount_v2", count) && load("nvmlDeviceGetHandleByIndex_v2", device) &&
                         load("nvmlDeviceGetName", name) && load("nvmlDeviceGetUtilizationRates", utilisation) &&
                         load("nvmlDeviceGetMemoryInfo", memory) && load("nvmlDeviceGetTemperature", temperature) &&
                         load("nvmlDeviceGetComputeRunningProcesses", processes);
        ready = all && init() == kSuccess;
    }
    ~Library() {
        if (ready) shutdown();
        if (handle) ::dlclose(handle);
    }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    template <class Function>
    bool load(const char* symbol, Function& function) {
        function = reinterpret_cast<Function>(::dlsym(handle, symbol));
        return function != nullptr;
    }

    bool runs_on(Device gpu, int pid) const {
        std::array<Process, kMostProcesses> found{};
        unsigned number = kMostProcesses;
        if (processes(gpu, &number, found.data()) != kSuccess) return false;
        return std::any_of(found.begin(), found.begin() + std::min(number, kMostProcesses),
                           [&](const Process& process) { return process.pid == static_cast<unsigned>(pid); });
    }
};

GpuMonitor::GpuMonitor() : library_(std::make_unique<Library>()) {}
GpuMonitor::~GpuMonitor() = default;

std::optional<GpuUse> GpuMonitor::find(int pid) const {
    const auto& nvml = *library_;
    unsigned gpus = 0;
    if (!nvml.ready || nvml.count(&gpus) != kSuccess) return std::nullopt;
    for (unsigned i = 0; i < gpus; ++i) {
        Device gpu = nullptr;
        if (nvml.device(i, &gpu) != kSuccess || (gpus > 1 && !nvml.runs_on(gpu, pid))) continue;
        std::array<char, 96> name{};
        Utilisation utilisation{};
        Memory memory{};
        unsigned temperature = 0;
        const bool known = nvml.name(gpu, name.data(), name.size()) == kSuccess &&
                           nvml.utilisation(gpu, &utilisation) == kSuccess && nvml.memory(gpu, &memory) == kSuccess &&
                           nvml.temperature(gpu, kCelsius, &temperature) == kSuccess;
        if (!known) continue;
        return GpuUse{name.data(), utilisation.gpu / 100.0, memory.total, memory.used, static_cast<int>(temperature)};
    }
    return std::nullopt;
}

}  // namespace digits::api
