#include "kernels/convolution/winograd_avx512.hpp"

#include "kernels/convolution/winograd_transforms.hpp"

// Compiled with the options for AVX512_BF16 (src/CMakeLists.txt).
namespace digits {

void winograd_transform_inputs_avx512(const WinogradShape& shape, const Bf16* x, float* inputs, std::int64_t first,
                                      std::int64_t block, std::int64_t begin, std::int64_t end) {
    transform_inputs<Vector16>(shape, x, inputs, first, block, begin, end);
}

void winograd_transform_gradients_avx512(const WinogradShape& shape, const Bf16* dy, float* gradients,
                                         std::int64_t first, std::int64_t block, std::int64_t begin, std::int64_t end) {
    shape.kernel == 3 ? transform_gradients<3, Vector16>(shape, dy, gradients, first, block, begin, end)
                      : transform_gradients<5, Vector16>(shape, dy, gradients, first, block, begin, end);
}

void winograd_transform_products_avx512(const WinogradShape& shape, const float* products, std::int64_t block,
                                        const float* bias, bool relu, Bf16* y, std::int64_t first, std::int64_t count) {
    shape.kernel == 3 ? transform_products<3, Vector16>(shape, products, block, bias, relu, y, first, count)
                      : transform_products<5, Vector16>(shape, products, block, bias, relu, y, first, count);
}

}  // namespace digits
