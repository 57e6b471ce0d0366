#include "engine/memory/free_memory.hpp"

#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace digits {
namespace {

std::int64_t number_in(const std::filesystem::path& file) {
    std::ifstream text(file);
    std::int64_t number = -1;
    text >> number;
    return number;
}

std::int64_t available_bytes() {
    std::ifstream info("/proc/meminfo");
    for (std::string line; std::getline(info, line);)
        if (line.starts_with("MemAvailable:")) return std::atoll(line.c_str() + 13) * 1024;
    return 0;
}

/// What the control group (version 2) and those above it leave; `otherwise` without limits.
std::int64_t group_room(std::int64_t otherwise) {
    std::ifstream groups("/proc/self/cgroup");
    std::string line;
    while (std::getline(groups, line) && !line.starts_with("0::")) {
    }
    if (!line.starts_with("0::/")) return otherwise;
    const std::filesystem::path root = "/sys/fs/cgroup";
    std::int64_t room = otherwise;
    for (std::filesystem::path group = line.substr(4);; group = group.parent_path()) {
        const auto most = number_in(root / group / "memory.max"), used = number_in(root / group / "memory.current");
        if (most > 0 && used >= 0) room = std::min(room, std::max<std::int64_t>(most - used, 0));
        if (group.empty()) return room;
    }
}

}  // namespace

std::int64_t free_memory_bytes(const Device& device) {
    if (device.is_cuda) at::globalContext().lazyInitDevice(at::kCUDA);
    const auto free = device.is_cuda
                          ? static_cast<std::int64_t>(
                                at::accelerator::getMemoryInfo(static_cast<c10::DeviceIndex>(device.ordinal)).first)
                          : group_room(available_bytes());
    const char* limit = std::getenv("DIGITS_MEMORY_LIMIT_MB");
    const auto most = limit ? std::atoll(limit) << 20 : 0;
    return most > 0 ? std::min<std::int64_t>(free, most) : free;
}

}  // namespace digits
