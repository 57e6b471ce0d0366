#include "engine/kernels/weight_layout.hpp"

#include <algorithm>

#include "engine/kernels/simd.hpp"
#include "engine/kernels/turn.hpp"

namespace digits {

void lay_weights_last(const float* weights, std::int64_t outputs, std::int64_t channels, std::int64_t places,
                      Bf16* laid, std::int64_t begin, std::int64_t end) {
    const float* weights_end = weights + outputs * channels * places;
    with_vectors([&]<class Vector>() DIGITS_INLINE_LAMBDA {
        constexpr auto kLanes = kLanesOf<Vector>;
        for (std::int64_t output = begin; output < end; ++output)
            for (std::int64_t c = 0; c < channels; c += kLanes) {
                const float* from = weights + (output * channels + c) * places;
                Bf16* to = laid + output * places * channels + c;
                const std::int64_t some = std::min(kLanes, channels - c);
                for (std::int64_t place = 0; place < places; place += kLanes) {
                    const std::int64_t width = std::min(kLanes, places - place);
                    alignas(Vector) float lines[kLanes * kLanes];
                    turn_values<Vector, true>(from + place, places, some, width, weights_end, lines, kLanes);
                    for (std::int64_t i = 0; i < width; ++i) {
                        Bf16* line = to + (place + i) * channels;
                        const Vector values = load_vector<Vector>(lines + i * kLanes);
                        if (some == kLanes) {
                            Lanes<kLanes>::write(line, values);
                        } else {
                            for (std::int64_t lane = 0; lane < some; ++lane) store(line[lane], values[lane]);
                        }
                    }
                }
            }
    });
}

void lay_weights_back(const Bf16* laid, std::int64_t outputs, std::int64_t channels, std::int64_t places,
                      float* weights, std::int64_t begin, std::int64_t end) {
    const float* weights_end = weights + outputs * channels * places;
    with_vectors([&]<class Vector>() DIGITS_INLINE_LAMBDA {
        constexpr auto kLanes = kLanesOf<Vector>;
        for (std::int64_t output = begin; output < end; ++output)
            for (std::int64_t c = 0; c < channels; c += kLanes) {
                const Bf16* from = laid + output * places * channels + c;
                float* to = weights + (output * channels + c) * places;
                const std::int64_t some = std::min(kLanes, channels - c);
                for (std::int64_t place = 0; place < places; place += kLanes) {
                    const std::int64_t width = std::min(kLanes, places - place);
                    Vector square[kLanes];
                    for (std::int64_t i = 0; i < kLanes; ++i) {
                        const Bf16* line = from + (place + i) * channels;
                        if (i >= width) {
                            square[i] = Vector{};
                        } else if (some == kLanes) {
                            square[i] = Lanes<kLanes>::read(line);
                        } else {
                            alignas(Vector) float values[kLanes] = {};
                            for (std::int64_t lane = 0; lane < some; ++lane) values[lane] = load(line[lane]);
                            square[i] = load_vector<Vector>(values);
                        }
                    }
                    turn_square(square);
                    // A whole vector reaches over the places that follow, which are written later.
                    for (std::int64_t i = 0; i < some; ++i) {
                        float* kernel = to + i * places + place;
                        if (width == places && kernel + kLanes <= weights_end && output + 1 < end) {
                            store_vector(kernel, square[i]);
                        } else {
                            alignas(Vector) float values[kLanes];
                            store_vector(values, square[i]);
                            std::copy_n(values, width, kernel);
                        }
                    }
                }
            }
    });
}

}  // namespace digits
