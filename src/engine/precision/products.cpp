#include "engine/precision/products.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <map>
#include <string_view>

#include "engine/device/device.hpp"
#include "engine/net/place.hpp"

namespace digits {
namespace {

/// The largest value of a scaled gradient: sums over many pixels must stay under fp16's 65504.
constexpr double kScaledMaximum = 1.0 / 16;

at::ScalarType scalar_type(Precision precision) {
    switch (precision) {
        case Precision::kBf16: return at::kBFloat16;
        case Precision::kFp16: return at::kHalf;
        case Precision::kFp32:
        case Precision::kTf32: break;
    }
    return at::kFloat;
}

/// Seconds of one GEMM, until its result is available.
double product_seconds(Precision precision, const at::Tensor& a, const at::Tensor& b) {
    prepare_gpu(precision);
    const auto start = std::chrono::steady_clock::now();
    at::mm(a, b).slice(0, 0, 1).slice(1, 0, 1).to(at::kFloat).item<float>();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The speed relative to fp32; the best of a few runs each, so that other processes have little effect.
double speed_against_fp32(Precision precision, const Device& device) {
    // On a GPU a small GEMM is dominated by the launch.
    const std::int64_t size = device.is_cuda ? 2048 : 512;
    const auto options = at::TensorOptions().dtype(at::kFloat).device(place(device));
    const at::Tensor a = at::rand({size, size}, options), b = at::rand({size, size}, options);
    const at::Tensor low_a = a.to(scalar_type(precision)), low_b = b.to(scalar_type(precision));
    const auto fp32_seconds = [&] { return product_seconds(Precision::kFp32, a, b); };
    const auto low_seconds = [&] { return product_seconds(precision, low_a, low_b); };
    double fp32 = fp32_seconds(), low = low_seconds();
    for (int i = 0; i < 5 && low < 20 * fp32; ++i) {
        fp32 = std::min(fp32, fp32_seconds());
        low = std::min(low, low_seconds());
    }
    return fp32 / low;
}

bool wants_emulation() {
    const char* wish = std::getenv("DIGITS_EMULATE_PRECISION");
    return wish && std::string_view(wish) == "1";
}

}  // namespace

Result<ProductMode> product_mode(Precision precision, const Device& device) {
    if (precision == Precision::kFp32) return ProductMode{};
    if (precision == Precision::kTf32 && !device.is_cuda)
        return fail(make_error(ErrorCode::kFailedPrecondition, "tf32 needs a GPU, and this machine has none")
                        .at("/precision")
                        .advise("Train in fp32"));
    if (wants_emulation()) return ProductMode{precision, true};
    static std::map<std::array<int, 3>, double> known;
    const std::array key{static_cast<int>(precision), static_cast<int>(device.is_cuda), device.ordinal};
    if (!known.contains(key)) known[key] = speed_against_fp32(precision, device);
    if (known[key] > 1) return ProductMode{precision, false};
    return fail(
        make_error(ErrorCode::kFailedPrecondition,
                   "{} would be slower here: the {} makes products of matrices at {:.2f} times the speed of fp32",
                   enum_name(precision), device.is_cuda ? "GPU" : "processor", known[key])
            .at("/precision")
            .advise("Train in fp32. bf16 wants a processor with AVX512_BF16 or AMX, or a GPU since NVIDIA's "
                    "Ampere; tf32 that GPU; fp16 a GPU since Volta"));
}

at::Tensor Products::operand(const at::Tensor& x) const {
    if (mode_.takes_floats()) return x;
    const at::Tensor low = x.to(scalar_type(mode_.precision));
    return mode_.emulated ? low.to(x.scalar_type()) : low;
}

at::Tensor Products::result(const at::Tensor& y) const {
    if (mode_.takes_floats()) return y;
    return mode_.emulated ? operand(y) : y.to(at::kFloat);
}

Products::Gradient Products::gradient(const at::Tensor& dy) const {
    if (mode_.precision != Precision::kFp16) return {operand(dy), {}};
    const at::Tensor largest = dy.abs().amax().clamp_min(1e-30);
    const at::Tensor scale = at::exp2(at::floor(at::log2(largest.reciprocal() * kScaledMaximum)));
    return {operand(dy * scale), scale};
}

at::Tensor Products::result(const at::Tensor& y, const Gradient& gradient) const {
    const at::Tensor value = result(y);
    return gradient.scale.defined() ? value / gradient.scale : value;
}

}  // namespace digits
