#include <algorithm>

#include "kernels/convolution/winograd.hpp"
#include "kernels/convolution/winograd_transforms.hpp"

// Compiled for AVX-512 with its instructions for bf16 (CMakeLists.txt).
namespace digits {

void winograd_convolve(const WinogradShape& shape, const Bf16* x, const float* weights, const float* bias, bool rectify,
                       Bf16* y, std::int64_t begin, std::int64_t end, std::int64_t block, float* scratch) {
    float* sums = scratch + kWinogradPoints * block * input_row(shape);
    for (std::int64_t first = begin; first < end; first += block) {
        const std::int64_t count = std::min(block, end - first);
        winograd_inputs(shape, x, scratch, first, block, 0, count);
        multiply_points(shape, scratch, weights, sums, block, count);
        shape.kernel == 3 ? transform_all_sums<3, Vector16>(shape, sums, block, bias, rectify, y, first, count)
                          : transform_all_sums<5, Vector16>(shape, sums, block, bias, rectify, y, first, count);
    }
}

void winograd_inputs(const WinogradShape& shape, const Bf16* x, float* inputs, std::int64_t first, std::int64_t block,
                     std::int64_t begin, std::int64_t end) {
    transform_all_inputs<Vector16>(shape, x, inputs, first, block, begin, end);
}

void winograd_gradients(const WinogradShape& shape, const Bf16* dy, float* gradients, std::int64_t first,
                        std::int64_t block, std::int64_t begin, std::int64_t end) {
    shape.kernel == 3 ? transform_all_gradients<3, Vector16>(shape, dy, gradients, first, block, begin, end)
                      : transform_all_gradients<5, Vector16>(shape, dy, gradients, first, block, begin, end);
}

}  // namespace digits
