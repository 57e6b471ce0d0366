#include "engine/convolution/weight_layout.hpp"

#include <ATen/Parallel.h>

#include "engine/layers/layout.hpp"
#include "engine/layers/stored.hpp"
#include "kernels/convolution/weight_layout.hpp"

namespace digits {

at::Tensor rounded_channels_last(const at::Tensor& weight) {
    const std::int64_t outputs = weight.size(0), channels = weight.size(1), places = weight.size(2) * weight.size(3);
    if (places == 1) return channels_last(weight.to(at::kBFloat16));
    const at::Tensor floats = weight.contiguous();
    const at::Tensor converted =
        at::empty(weight.sizes(), weight.options().dtype(at::kBFloat16).memory_format(at::MemoryFormat::ChannelsLast));
    at::parallel_for(0, outputs, 1, [&](std::int64_t begin, std::int64_t end) {
        weights_to_channels_last(floats.data_ptr<float>(), outputs, channels, places, stored<Bf16>(converted), begin,
                                 end);
    });
    return converted;
}

at::Tensor floats_of_gradient(const at::Tensor& dw) {
    if (!dw.is_cpu() || dw.scalar_type() != at::kBFloat16 || dw.dim() != 4 || dw.size(2) * dw.size(3) == 1 ||
        !dw.is_contiguous(at::MemoryFormat::ChannelsLast))
        return dw;
    const std::int64_t outputs = dw.size(0), channels = dw.size(1), places = dw.size(2) * dw.size(3);
    const at::Tensor floats = at::empty(dw.sizes(), dw.options().dtype(at::kFloat));
    at::parallel_for(0, outputs, 1, [&](std::int64_t begin, std::int64_t end) {
        weights_from_channels_last(stored<Bf16>(dw), outputs, channels, places, floats.data_ptr<float>(), begin, end);
    });
    return floats;
}

}  // namespace digits
