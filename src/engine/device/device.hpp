#pragma once

#include <string>
#include <string_view>

#include "base/precision.hpp"
#include "base/result.hpp"
#include "engine/net/blob.hpp"

namespace digits {

/// "cpu" or "cuda:N". Errors: kInvalidArgument; kFailedPrecondition if there is no such device here.
Result<Device> parse_device(std::string_view text);

/// The first GPU that this process may use, else the CPU.
Device default_device();

/// Computes fp32 products on GPUs in full fp32, as Caffe does, unless `precision` is tf32 (libtorch's convolutions
/// would round operands to it otherwise), and lets cuDNN choose algorithms by trying them. For all nets of the process.
void prepare_gpu(Precision precision);
/// Waits until a GPU has finished its work; does nothing on a CPU.
void wait_for(const Device& device);

/// "cpu (2 cores)", "cuda:0".
std::string device_text(const Device& device);

}  // namespace digits
