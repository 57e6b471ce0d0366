#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace digits::api {

/// Resident memory of this process.
std::uint64_t own_memory_bytes();
std::uint64_t machine_memory_bytes();
/// What programs can still take without swapping.
std::uint64_t available_memory_bytes();
std::string processor_name();
/// NVIDIA GPUs as the driver tells them, in its order.
std::vector<std::string> gpu_names();
/// As CUDA_VISIBLE_DEVICES names them, for trainings.
std::vector<std::string> gpu_ids();
/// Of the running program.
std::filesystem::path program_folder();

}  // namespace digits::api
