#pragma once

#include <cstdint>

#include "kernels/isa/bf16.hpp"

namespace digits {

/// Rounds float weights (outputs, channels, places) to bf16 and transposes them to channels-last, (outputs, places,
/// channels); of the outputs [begin, end). `outputs` is the number of all. The processor must have AVX2.
void weights_to_channels_last(const float* weights, std::int64_t outputs, std::int64_t channels, std::int64_t places,
                              Bf16* channels_last, std::int64_t begin, std::int64_t end);
/// The inverse, for a weight gradient.
void weights_from_channels_last(const Bf16* channels_last, std::int64_t outputs, std::int64_t channels,
                                std::int64_t places, float* weights, std::int64_t begin, std::int64_t end);

}  // namespace digits
