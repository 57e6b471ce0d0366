#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace digits::api {

struct GpuUse {
    std::string name;
    double utilisation = 0;  ///< 0 to 1
    std::uint64_t memory_bytes = 0;
    std::uint64_t memory_used_bytes = 0;
    int temperature_c = 0;
};

/// What NVIDIA's own library (NVML, part of the driver) tells of a GPU; nothing where it is not installed. Not
/// thread-safe.
class GpuMonitor {
  public:
    GpuMonitor();
    ~GpuMonitor();

    /// The GPU that the process computes on; with a single GPU that one.
    std::optional<GpuUse> find(int pid) const;

  private:
    struct Library;
    std::unique_ptr<Library> library_;
};

}  // namespace digits::api
