#pragma once

#include <cstdint>

#include "kernels/isa/bf16.hpp"

namespace digits {

/// Weights of the outputs [begin, end), floats (outputs, channels, places), rounded to bf16 and laid channels last,
/// (outputs, places, channels); `outputs` are all. And such a gradient back as floats.
void lay_weights_last(const float* weights, std::int64_t outputs, std::int64_t channels, std::int64_t places,
                      Bf16* laid, std::int64_t begin, std::int64_t end);
void lay_weights_back(const Bf16* laid, std::int64_t outputs, std::int64_t channels, std::int64_t places,
                      float* weights, std::int64_t begin, std::int64_t end);

}  // namespace digits
