#include "engine/memory/memory.hpp"

#include <ATen/ATen.h>
#include <c10/core/CachingDeviceAllocator.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "base/heap.hpp"
#include "engine/memory/block_cache.hpp"
#include "engine/memory/memory_plan.hpp"
#include "engine/net/net.hpp"

namespace digits {
namespace {

/// Memory of libraries once they run GEMMs: code, stacks of threads, packed matrices.
constexpr std::int64_t kLibraries = std::int64_t{24} << 20;
/// And for each layer with bf16 GEMMs, the code and buffers of oneDNN for its three passes.
constexpr std::int64_t kPrograms = std::int64_t{1} << 20;

std::int64_t status_bytes(const std::string& field) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;)
        if (word == field) {
            std::int64_t kilobytes = 0;
            status >> kilobytes;
            return kilobytes * 1024;
        }
    return 0;
}

}  // namespace

void keep_freed_memory() {
    use_block_cache();
    keep_freed_pages();
}

std::int64_t estimate_memory(const Net& net) {
    if (net.phase() != caffe::TRAIN) return plan_memory(net);
    const auto programs =
        net.has_low_blobs() ? std::ranges::count_if(
                                  net.layers(), [](const auto& layer) { return multiplies(layer->parameter().type()); })
                            : 0;
    return plan_memory(net) + kLibraries + programs * kPrograms;
}

std::int64_t resident_bytes() { return status_bytes("VmRSS:"); }
std::int64_t peak_resident_bytes() { return status_bytes("VmHWM:"); }

std::int64_t peak_bytes(const Device& device) {
    if (!device.is_cuda) return peak_resident_bytes();
    const auto stats = at::getDeviceAllocator(at::kCUDA)->getDeviceStats(static_cast<c10::DeviceIndex>(device.ordinal));
    return stats.allocated_bytes[static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE)].peak;
}

}  // namespace digits
