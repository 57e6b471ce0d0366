#include "kernels/convolution/weight_layout.hpp"

#include <algorithm>

#include "kernels/gemm/transpose.hpp"
#include "kernels/isa/lanes.hpp"
#include "kernels/isa/simd.hpp"

namespace digits {

void weights_to_channels_last(const float* weights, std::int64_t outputs, std::int64_t channels, std::int64_t places,
                              Bf16* channels_last, std::int64_t begin, std::int64_t end) {
    const float* weights_end = weights + outputs * channels * places;
    dispatch_vectors([&]<class Vector>() DIGITS_INLINE_LAMBDA {
        constexpr auto kLanes = kLanesOf<Vector>;
        for (std::int64_t output = begin; output < end; ++output)
            for (std::int64_t c = 0; c < channels; c += kLanes) {
                const float* from = weights + (output * channels + c) * places;
                Bf16* to = channels_last + output * places * channels + c;
                const std::int64_t some = std::min(kLanes, channels - c);
                for (std::int64_t place = 0; place < places; place += kLanes) {
                    const std::int64_t width = std::min(kLanes, places - place);
                    alignas(Vector) float lines[kLanes * kLanes];
                    transpose_values<Vector, true>(from + place, places, some, width, weights_end, lines, kLanes);
                    for (std::int64_t i = 0; i < width; ++i)
                        Lanes<kLanes>::write_some(to + (place + i) * channels, load_vector<Vector>(lines + i * kLanes),
                                                  some);
                }
            }
    });
}

void weights_from_channels_last(const Bf16* channels_last, std::int64_t outputs, std::int64_t channels,
                                std::int64_t places, float* weights, std::int64_t begin, std::int64_t end) {
    const float* weights_end = weights + outputs * channels * places;
    dispatch_vectors([&]<class Vector>() DIGITS_INLINE_LAMBDA {
        constexpr auto kLanes = kLanesOf<Vector>;
        for (std::int64_t output = begin; output < end; ++output)
            for (std::int64_t c = 0; c < channels; c += kLanes) {
                const Bf16* from = channels_last + output * places * channels + c;
                float* to = weights + (output * channels + c) * places;
                const std::int64_t some = std::min(kLanes, channels - c);
                for (std::int64_t place = 0; place < places; place += kLanes) {
                    const std::int64_t width = std::min(kLanes, places - place);
                    Vector block[kLanes];
                    for (std::int64_t i = 0; i < kLanes; ++i)
                        block[i] = i < width ? Lanes<kLanes>::read_some(from + (place + i) * channels, some) : Vector{};
                    transpose_block(block);
                    // A whole vector reaches into the kernels that follow, which are written later.
                    for (std::int64_t i = 0; i < some; ++i) {
                        float* kernel = to + i * places + place;
                        const bool reaches = width == places && kernel + kLanes <= weights_end && output + 1 < end;
                        Lanes<kLanes>::write_some(kernel, block[i], reaches ? kLanes : width);
                    }
                }
            }
    });
}

}  // namespace digits
