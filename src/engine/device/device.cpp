#include "engine/device/device.hpp"

#include <ATen/ATen.h>
#include <ATen/DeviceAccelerator.h>

#include <charconv>
#include <thread>

namespace digits {

Result<Device> parse_device(std::string_view text) {
    if (text == "cpu") return Device{};
    Device device{true, 0};
    constexpr std::string_view kPrefix = "cuda:";
    const auto number = text.substr(0, kPrefix.size()) == kPrefix ? text.substr(kPrefix.size())
                        : text == "cuda"                          ? "0"
                                                                  : "";
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), device.ordinal);
    if (error != std::errc() || end != number.data() + number.size() || device.ordinal < 0)
        return fail(ErrorCode::kInvalidArgument, "a device is cpu or cuda:N, got \"{}\"", text);
    if (!at::hasCUDA())
        return fail(make_error(ErrorCode::kFailedPrecondition,
                               "{} is not to be had: this libtorch or this machine has no CUDA", text)
                        .advise("Use cpu, or install the CUDA build of libtorch"));
    if (device.ordinal >= static_cast<int>(at::detail::getCUDAHooks().deviceCount()))
        return fail(ErrorCode::kFailedPrecondition, "{} is not to be had: there are {} CUDA devices", text,
                    at::detail::getCUDAHooks().deviceCount());
    return device;
}

Device default_device() {
    return at::hasCUDA() && at::detail::getCUDAHooks().deviceCount() > 0 ? Device{true, 0} : Device{};
}

void prepare_gpu(Precision precision) {
    at::globalContext().setAllowTF32CuDNN(precision == Precision::kTf32);
    at::globalContext().setAllowTF32CuBLAS(precision == Precision::kTf32);
    at::globalContext().setBenchmarkCuDNN(true);
}

void wait_for(const Device& device) {
    if (device.is_cuda) at::accelerator::synchronizeDevice(static_cast<c10::DeviceIndex>(device.ordinal));
}

std::string device_text(const Device& device) {
    return device.is_cuda ? "cuda:" + std::to_string(device.ordinal)
                          : fmt::format("cpu ({} cores)", std::thread::hardware_concurrency());
}

}  // namespace digits
