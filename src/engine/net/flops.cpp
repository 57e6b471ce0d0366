#include "engine/net/flops.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>

#include "engine/device/device.hpp"
#include "engine/net/net.hpp"
#include "engine/net/place.hpp"

namespace digits {

double layer_flops(const Net& net, Layer& layer) {
    const auto& parameter = layer.parameter();
    const bool convolution = parameter.type() == "Convolution", transposed = parameter.type() == "Deconvolution";
    if (!convolution && !transposed && parameter.type() != "InnerProduct") return 0;
    const Blob& weight = *layer.blobs()[0];
    double sum = 0;
    for (int i = 0; i < parameter.bottom_size(); ++i) {
        // Each value of the smaller side (a top, or the bottom of a Deconvolution) is multiplied by one row of weights.
        const Blob& meeting = *net.find_blob(transposed ? parameter.bottom(i) : parameter.top(i));
        const std::int64_t rows =
            parameter.inner_product_param().transpose() ? weight.dim(weight.axis_count() - 1) : weight.dim(0);
        sum += 2.0 * static_cast<double>(meeting.count()) * static_cast<double>(weight.count() / rows);
    }
    return sum;
}

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Flops count_flops(const Net& net) {
    Flops flops;
    for (const auto& layer : net.layers()) {
        const double once = layer_flops(net, *layer);
        if (once == 0) continue;
        flops.forward += once;
        const auto& inputs = net.inputs();
        const bool first = std::ranges::find(inputs, layer->parameter().bottom(0)) != inputs.end();
        flops.backward += (first ? 1 : 2) * once;
    }
    return flops;
}

double measure_matrix_limit(const Device& device) {
    constexpr std::int64_t kSize = 2048;
    const auto options = at::TensorOptions().dtype(at::kFloat).device(place(device));
    const at::Tensor a = at::rand({kSize, kSize}, options), b = at::rand({kSize, kSize}, options);
    at::Tensor result = at::empty({kSize, kSize}, options);
    double best = 0;
    const auto start = Clock::now();
    for (int i = 0; i < 3 || std::chrono::duration<double>(Clock::now() - start).count() < 0.5; ++i) {
        const auto begin = Clock::now();
        at::mm_out(result, a, b);
        wait_for(device);
        const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
        best = std::max(best, 2.0 * kSize * kSize * kSize / seconds);
    }
    return best;
}

double measure_convolution_limit(const Device& device) {
    constexpr std::int64_t kBatch = 16, kChannels = 256, kSide = 28, kKernel = 3;
    const auto last = at::MemoryFormat::ChannelsLast;
    const auto options = at::TensorOptions().dtype(at::kFloat).device(place(device));
    const at::Tensor x = at::rand({kBatch, kChannels, kSide, kSide}, options).contiguous(last),
                     w = at::rand({kChannels, kChannels, kKernel, kKernel}, options).contiguous(last),
                     dy = at::rand(x.sizes(), options).contiguous(last);
    const Shape one{1, 1}, none{0, 0};
    double best = 0;
    const auto start = Clock::now();
    for (int i = 0; i < 3 || std::chrono::duration<double>(Clock::now() - start).count() < 1; ++i) {
        const auto begin = Clock::now();
        at::convolution(x, w, {}, one, one, one, false, none, 1);
        at::convolution_backward(dy, x, w, std::nullopt, one, one, one, false, none, 1, {true, true, false});
        wait_for(device);
        const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
        best = std::max(best, 3 * 2.0 * kBatch * kSide * kSide * kChannels * kChannels * kKernel * kKernel / seconds);
    }
    return best;
}

}  // namespace digits
