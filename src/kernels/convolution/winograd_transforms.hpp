#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "kernels/convolution/winograd.hpp"
#include "kernels/gemm/packed_gemm.hpp"
#include "kernels/isa/lanes.hpp"
#include "kernels/isa/simd.hpp"

/// The transforms of winograd.hpp for one type of vectors. Each file that includes this compiles them for its own
/// instruction set; for the rules see channel_passes.hpp.
namespace digits {
namespace {

constexpr float kA = 0.625F, kB = 1.5F;  // the points ±a and ±b
constexpr float kA2 = kA * kA, kB2 = kB * kB;
/// 1 / Π (point - other points), for 0, a, -a (the same), b, -b (the same).
constexpr float kScale0 = 1 / (kA2 * kB2);
constexpr float kScaleA = 1 / (2 * kA2 * (kA2 - kB2));
constexpr float kScaleB = 1 / (2 * kB2 * (kB2 - kA2));

/// The transform of six inputs to the six points.
template <class Vector>
DIGITS_KERNEL_INLINE void transform_input(const Vector (&d)[6], Vector (&v)[6]) {
    const Vector even_a = d[4] - kB2 * d[2], odd_a = kA * (d[3] - kB2 * d[1]);
    const Vector even_b = d[4] - kA2 * d[2], odd_b = kB * (d[3] - kA2 * d[1]);
    v[0] = kA2 * kB2 * d[0] - (kA2 + kB2) * d[2] + d[4];
    v[1] = even_a + odd_a;
    v[2] = even_a - odd_a;
    v[3] = even_b + odd_b;
    v[4] = even_b - odd_b;
    v[5] = kA2 * kB2 * d[1] - (kA2 + kB2) * d[3] + d[5];
}

/// The transpose of transform_input(): from six points to six inputs.
template <class Vector>
DIGITS_KERNEL_INLINE void scatter_transform(const Vector (&v)[6], Vector (&d)[6]) {
    const Vector sum_a = v[1] + v[2], difference_a = kA * (v[1] - v[2]);
    const Vector sum_b = v[3] + v[4], difference_b = kB * (v[3] - v[4]);
    d[0] = kA2 * kB2 * v[0];
    d[1] = kA2 * kB2 * v[5] - kB2 * difference_a - kA2 * difference_b;
    d[2] = -(kA2 + kB2) * v[0] - kB2 * sum_a - kA2 * sum_b;
    d[3] = difference_a + difference_b - (kA2 + kB2) * v[5];
    d[4] = v[0] + sum_a + sum_b;
    d[5] = v[5];
}

/// Evaluates the polynomial with `kCount` coefficients at the six points; with kScaled divided by the products of the
/// distances between the points.
template <int kCount, bool kScaled, class Vector>
DIGITS_KERNEL_INLINE void evaluate(const Vector* g, Vector (&v)[6]) {
    Vector even_a = g[0], even_b = g[0], odd_a = kA * g[1], odd_b = kB * g[1];
    if constexpr (kCount > 2) even_a += kA2 * g[2], even_b += kB2 * g[2];
    if constexpr (kCount > 3) odd_a += kA2 * kA * g[3], odd_b += kB2 * kB * g[3];
    if constexpr (kCount > 4) even_a += kA2 * kA2 * g[4], even_b += kB2 * kB2 * g[4];
    const float scale_0 = kScaled ? kScale0 : 1, scale_a = kScaled ? kScaleA : 1, scale_b = kScaled ? kScaleB : 1;
    v[0] = scale_0 * g[0];
    v[1] = scale_a * (even_a + odd_a);
    v[2] = scale_a * (even_a - odd_a);
    v[3] = scale_b * (even_b + odd_b);
    v[4] = scale_b * (even_b - odd_b);
    v[5] = g[kCount - 1];
}

/// The transpose of evaluate(): from six points to `kCount` values.
template <int kCount, bool kScaled, class Vector>
DIGITS_KERNEL_INLINE void interpolate(const Vector (&m)[6], Vector* y) {
    const float scale_0 = kScaled ? kScale0 : 1, scale_a = kScaled ? kScaleA : 1, scale_b = kScaled ? kScaleB : 1;
    const Vector sum_a = scale_a * (m[1] + m[2]), difference_a = scale_a * kA * (m[1] - m[2]);
    const Vector sum_b = scale_b * (m[3] + m[4]), difference_b = scale_b * kB * (m[3] - m[4]);
    y[0] = scale_0 * m[0] + sum_a + sum_b;
    y[1] = difference_a + difference_b;
    if constexpr (kCount > 2) y[2] = kA2 * sum_a + kB2 * sum_b;
    if constexpr (kCount > 3) y[3] = kA2 * difference_a + kB2 * difference_b;
    if constexpr (kCount > 4) y[4] = kA2 * kA2 * sum_a + kB2 * kB2 * sum_b;
    y[kCount - 1] += m[5];
}

/// The transform of a tile of kCount² values to 36 points, and its transpose.
template <int kCount, bool kScaled, class Vector>
DIGITS_KERNEL_INLINE void evaluate_tile(const Vector (&g)[kCount][kCount], Vector (&v)[6][6]) {
    Vector rows[6][kCount];
    for (int column = 0; column < kCount; ++column) {
        Vector in[kCount], out[6];
        for (int i = 0; i < kCount; ++i) in[i] = g[i][column];
        evaluate<kCount, kScaled>(in, out);
        for (int i = 0; i < 6; ++i) rows[i][column] = out[i];
    }
    for (int i = 0; i < 6; ++i) evaluate<kCount, kScaled>(rows[i], v[i]);
}

template <int kCount, bool kScaled, class Vector>
DIGITS_KERNEL_INLINE void interpolate_tile(const Vector (&m)[6][6], Vector (&y)[kCount][kCount]) {
    Vector rows[kCount][6];
    for (int column = 0; column < 6; ++column) {
        Vector in[6], out[kCount];
        for (int i = 0; i < 6; ++i) in[i] = m[i][column];
        interpolate<kCount, kScaled>(in, out);
        for (int i = 0; i < kCount; ++i) rows[i][column] = out[i];
    }
    for (int i = 0; i < kCount; ++i) interpolate<kCount, kScaled>(rows[i], y[i]);
}

struct Tile {
    std::int64_t item, y, x;
};

DIGITS_KERNEL_INLINE Tile tile_at(const WinogradShape& shape, std::int64_t index) {
    const std::int64_t columns = shape.tile_columns(), rows = shape.tile_rows();
    return {index / (columns * rows), index / columns % rows * shape.tile(), index % columns * shape.tile()};
}

/// Row strides of the matrices of a point.
inline std::int64_t input_row(const WinogradShape& shape) { return shape.channels + kRowPadding; }
inline std::int64_t product_row(const WinogradShape& shape) {
    return panel_count(shape.outputs) * kPanelWidth + kRowPadding;
}
inline std::int64_t gradient_row(const WinogradShape& shape) { return shape.outputs + kRowPadding; }
inline std::int64_t scatter_row(const WinogradShape& shape) {
    return panel_count(shape.channels) * kPanelWidth + kRowPadding;
}

template <class Vector, class T>
DIGITS_KERNEL_INLINE void transform_input_tile(const WinogradShape& shape, const T* x, const Tile& tile, float* inputs,
                                               std::int64_t point_stride) {
    constexpr auto kLanes = kLanesOf<Vector>;
    static constexpr std::array<T, kLanes> kZeros{};
    const T* pixel[6][6];
    std::int64_t step[6][6];
    for (int i = 0; i < 6; ++i)
        for (int j = 0; j < 6; ++j) {
            const std::int64_t h = tile.y - shape.pad_y + i, w = tile.x - shape.pad_x + j;
            const bool inside = h >= 0 && h < shape.height && w >= 0 && w < shape.width;
            pixel[i][j] =
                inside ? x + ((tile.item * shape.height + h) * shape.width + w) * shape.pixel_in() : kZeros.data();
            step[i][j] = inside ? 1 : 0;
        }
    for (std::int64_t start = 0; start < shape.channels; start += kLanes) {
        // The last vector overlaps the one before it.
        const std::int64_t c = std::min(start, shape.channels - kLanes);
        Vector rows[6][6];
        for (int i = 0; i < 6; ++i) {
            Vector d[6];
            for (int j = 0; j < 6; ++j) d[j] = Lanes<kLanes>::read(pixel[i][j] + c * step[i][j]);
            transform_input(d, rows[i]);
        }
        for (int j = 0; j < 6; ++j) {
            Vector d[6], v[6];
            for (int i = 0; i < 6; ++i) d[i] = rows[i][j];
            transform_input(d, v);
            for (int i = 0; i < 6; ++i) store_vector(inputs + (i * 6 + j) * point_stride + c, v[i]);
        }
    }
}

template <int kKernel, class Vector, class T>
DIGITS_KERNEL_INLINE void transform_product_tile(const WinogradShape& shape, const float* sums,
                                                 std::int64_t point_stride, const float* bias, bool relu,
                                                 const Tile& tile, T* y) {
    constexpr int kTile = 7 - kKernel;
    constexpr auto kLanes = kLanesOf<Vector>;
    const std::int64_t rows = std::min<std::int64_t>(kTile, shape.out_height() - tile.y),
                       columns = std::min<std::int64_t>(kTile, shape.out_width() - tile.x);
    T* corner = y + ((tile.item * shape.out_height() + tile.y) * shape.out_width() + tile.x) * shape.pixel_out();
    for (std::int64_t start = 0; start < shape.outputs; start += kLanes) {
        const std::int64_t k = std::min(start, shape.outputs - kLanes);
        Vector m[6][6], out[kTile][kTile];
        for (int i = 0; i < 6; ++i)
            for (int j = 0; j < 6; ++j) m[i][j] = load_vector<Vector>(sums + (i * 6 + j) * point_stride + k);
        interpolate_tile<kTile, false>(m, out);
        const Vector shift = bias ? load_vector<Vector>(bias + k) : Vector{};
        for (std::int64_t i = 0; i < rows; ++i)
            for (std::int64_t j = 0; j < columns; ++j)
                Lanes<kLanes>::write(corner + (i * shape.out_width() + j) * shape.pixel_out() + k,
                                     apply_relu(out[i][j] + shift, relu));
    }
}

/// offset(output) is the offset, in the matrix of each point, of the vector that begins at an output.
template <int kKernel, class Vector, class T, class Offset>
DIGITS_KERNEL_INLINE void transform_gradient_tile(const WinogradShape& shape, const T* dy, const Tile& tile,
                                                  float* gradients, std::int64_t point_stride, const Offset& offset) {
    constexpr int kTile = 7 - kKernel;
    constexpr auto kLanes = kLanesOf<Vector>;
    const T* corner = dy + ((tile.item * shape.out_height() + tile.y) * shape.out_width() + tile.x) * shape.pixel_out();
    for (std::int64_t k = 0; k < shape.outputs; k += kLanes) {
        Vector g[kTile][kTile], v[6][6];
        for (int i = 0; i < kTile; ++i)
            for (int j = 0; j < kTile; ++j) {
                const bool inside = tile.y + i < shape.out_height() && tile.x + j < shape.out_width();
                g[i][j] = inside ? Lanes<kLanes>::read_some(
                                       corner + (i * shape.out_width() + j) * shape.pixel_out() + k, shape.outputs - k)
                                 : Vector{};
            }
        evaluate_tile<kTile, false>(g, v);
        float* to = gradients + offset(k);
        for (int i = 0; i < 6; ++i)
            for (int j = 0; j < 6; ++j) store_vector(to + (i * 6 + j) * point_stride, v[i][j]);
    }
}

/// Adds the gradients of a tile to those of its 6 x 6 inputs.
template <class Vector>
DIGITS_KERNEL_INLINE void scatter_tile(const WinogradShape& shape, const float* sums, std::int64_t point_stride,
                                       const Tile& tile, float* dx) {
    constexpr auto kLanes = kLanesOf<Vector>;
    const std::int64_t top = tile.y - shape.pad_y, left = tile.x - shape.pad_x;
    const std::int64_t first_row = std::max<std::int64_t>(-top, 0),
                       last_row = std::min<std::int64_t>(shape.height - top, 6);
    const std::int64_t first_column = std::max<std::int64_t>(-left, 0),
                       last_column = std::min<std::int64_t>(shape.width - left, 6);
    float* corner = dx + ((tile.item * shape.height + top) * shape.width + left) * shape.pixel_in();
    for (std::int64_t start = 0; start < shape.channels; start += kLanes) {
        // The last vector overlaps the one before it, whose channels must not be added twice.
        const std::int64_t c = std::min(start, shape.channels - kLanes), added = start - c;
        Vector mask;
        for (std::int64_t lane = 0; lane < kLanes; ++lane) mask[lane] = lane < added ? 0.0F : 1.0F;
        Vector rows[6][6];
        for (int j = 0; j < 6; ++j) {
            Vector v[6], d[6];
            for (int i = 0; i < 6; ++i) v[i] = load_vector<Vector>(sums + (i * 6 + j) * point_stride + c);
            scatter_transform(v, d);
            for (int i = 0; i < 6; ++i) rows[i][j] = d[i];
        }
        for (std::int64_t i = first_row; i < last_row; ++i) {
            Vector d[6];
            scatter_transform(rows[i], d);
            float* to = corner + i * shape.width * shape.pixel_in() + c;
            for (std::int64_t j = first_column; j < last_column; ++j)
                store_vector(to + j * shape.pixel_in(), load_vector<Vector>(to + j * shape.pixel_in()) + mask * d[j]);
        }
    }
}

/// Products of a block of tiles to outputs, with the epilogue: bias and ReLU.
template <int kKernel, class Vector, class T>
DIGITS_KERNEL_INLINE void transform_products(const WinogradShape& shape, const float* sums, std::int64_t block,
                                             const float* bias, bool relu, T* y, std::int64_t first,
                                             std::int64_t count) {
    const std::int64_t row = product_row(shape);
    for (std::int64_t t = 0; t < count; ++t)
        transform_product_tile<kKernel, Vector>(shape, sums + t * row, block * row, bias, relu,
                                                tile_at(shape, first + t), y);
}

template <class Vector, class T>
DIGITS_KERNEL_INLINE void transform_inputs(const WinogradShape& shape, const T* x, float* inputs, std::int64_t first,
                                           std::int64_t block, std::int64_t begin, std::int64_t end) {
    const std::int64_t row = input_row(shape);
    for (std::int64_t t = begin; t < end; ++t)
        transform_input_tile<Vector>(shape, x, tile_at(shape, first + t), inputs + t * row, block * row);
}

template <int kKernel, class Vector, class T>
DIGITS_KERNEL_INLINE void transform_gradients(const WinogradShape& shape, const T* dy, float* gradients,
                                              std::int64_t first, std::int64_t block, std::int64_t begin,
                                              std::int64_t end) {
    const auto offset = [=](std::int64_t k) { return k / kPanelWidth * block * kPanelWidth + k % kPanelWidth; };
    for (std::int64_t t = begin; t < end; ++t)
        transform_gradient_tile<kKernel, Vector>(shape, dy, tile_at(shape, first + t), gradients + t * kPanelWidth,
                                                 panel_count(shape.outputs) * block * kPanelWidth, offset);
}

/// Floats of the weights of one point, or of their gradient.
inline std::int64_t point_size(std::int64_t rows, std::int64_t columns) {
    return panel_count(columns) * rows * kPanelWidth + kRowPadding;
}

}  // namespace
}  // namespace digits
