#include "engine/memory/free_memory.hpp"

#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>

#include <algorithm>
#include <cstdlib>

namespace digits {
namespace {

MemoryRoom gpu_memory(const Device& device) {
    at::globalContext().lazyInitDevice(at::kCUDA);
    const auto [free, total] = at::accelerator::getMemoryInfo(static_cast<c10::DeviceIndex>(device.ordinal));
    return {static_cast<std::int64_t>(free), static_cast<std::int64_t>(total)};
}

}  // namespace

MemoryRoom memory_of(const Device& device) {
    auto room = device.is_cuda ? gpu_memory(device) : main_memory();
    const char* limit = std::getenv("DIGITS_MEMORY_LIMIT_MB");
    if (const auto most = limit ? std::atoll(limit) << 20 : 0; most > 0) {
        room.free = std::min<std::int64_t>(room.free, most);
        room.total = std::min<std::int64_t>(room.total, most);
    }
    return room;
}

}  // namespace digits
