#pragma once

#include <cstdint>

#include "kernels/isa/bf16.hpp"

namespace digits {

/// Convolutions with stride 1 by the minimal filtering of Winograd (Lavin and Gray, 2016): each tile of 6 x 6 inputs
/// becomes 36 numbers, each of which takes part in one product of matrices over the channels, and 36 sums become a tile
/// of (7 - kernel)² outputs. A kernel of 3 so needs a quarter of the multiplications, one of 5 a little more than a
/// third. The points are 0, ±5/8, ±3/2 and ∞, which keep the rounding error near that of the direct sum.
///
/// Pixels may be bf16 values for processors with `has_wide_bf16()`; all else is made in float, and results are rounded
/// once.
///
/// Arrays lie channels last. `pixel_*` is the distance between two pixels, so that a group of channels can be taken out
/// of more. There must be 16 channels at least on both sides. The functions are for processors with
/// `has_fast_products()`.
struct WinogradShape {
    int kernel = 3;  ///< 3 or 5
    std::int64_t items = 0, height = 0, width = 0;
    std::int64_t out_height = 0, out_width = 0;
    std::int64_t pad_y = 0, pad_x = 0;
    std::int64_t channels = 0, outputs = 0;
    std::int64_t pixel_in = 0, pixel_out = 0;

    int tile() const { return 7 - kernel; }
    std::int64_t tile_rows() const { return (out_height + tile() - 1) / tile(); }
    std::int64_t tile_columns() const { return (out_width + tile() - 1) / tile(); }
    std::int64_t tiles() const { return items * tile_rows() * tile_columns(); }
};

inline constexpr int kWinogradPoints = 36;

/// Floats of transformed weights: (36, panels of outputs, channels, kPanel).
std::int64_t winograd_weight_size(std::int64_t channels, std::int64_t outputs);
/// Transforms the weights, (outputs, channels, kernel, kernel), of the panels [begin, end) of outputs.
void winograd_weights(const float* weight, float* transformed, int kernel, std::int64_t channels, std::int64_t outputs,
                      std::int64_t begin, std::int64_t end);
/// The same for the gradient to the inputs: `weight` is still (outputs, channels, …) of the convolution, the panels are
/// of its channels. Each kernel is turned round for winograd_convolve(), not for winograd_spread().
void winograd_transposed_weights(const float* weight, float* transformed, int kernel, std::int64_t channels,
                                 std::int64_t outputs, bool turned, std::int64_t begin, std::int64_t end);

/// Floats of scratch that winograd_convolve() needs for blocks of `block` tiles.
std::int64_t winograd_scratch_size(const WinogradShape& shape, std::int64_t block);
/// Outputs of the tiles [begin, end), at most `block` at a time. `bias` may be nullptr; with
/// `rectify`, negative outputs become 0.
void winograd_convolve(const WinogradShape& shape, const float* x, const float* weights, const float* bias,
                       bool rectify, float* y, std::int64_t begin, std::int64_t end, std::int64_t block,
                       float* scratch);
void winograd_convolve(const WinogradShape& shape, const Bf16* x, const float* weights, const float* bias, bool rectify,
                       Bf16* y, std::int64_t begin, std::int64_t end, std::int64_t block, float* scratch);

/// The gradient to the inputs by the transpose of the forward pass, for the items [begin, end): tiles of the outputs'
/// gradient become 36 numbers, and 36 sums a tile of 6 x 6 inputs; those overlap and are added up. Cheaper than
/// winograd_convolve() with dy for x where the outputs have fewer tiles than the inputs. `shape` is that of the forward
/// pass.
std::int64_t winograd_spread_size(const WinogradShape& shape, std::int64_t block);
void winograd_spread(const WinogradShape& shape, const float* dy, const float* weights, float* dx, std::int64_t begin,
                     std::int64_t end, std::int64_t block, float* scratch);

/// The gradient to the weights, in three steps for each block of tiles and one at the end.
/// Inputs of the tiles [begin, end) of a block that starts at tile `first` and has room for `block`: (36, block, …).
std::int64_t winograd_input_size(const WinogradShape& shape, std::int64_t block);
void winograd_inputs(const WinogradShape& shape, const float* x, float* inputs, std::int64_t first, std::int64_t block,
                     std::int64_t begin, std::int64_t end);
void winograd_inputs(const WinogradShape& shape, const Bf16* x, float* inputs, std::int64_t first, std::int64_t block,
                     std::int64_t begin, std::int64_t end);
/// Gradients of the outputs of these tiles: (36, panels, block, kPanel).
std::int64_t winograd_gradient_size(const WinogradShape& shape, std::int64_t block);
void winograd_gradients(const WinogradShape& shape, const float* dy, float* gradients, std::int64_t first,
                        std::int64_t block, std::int64_t begin, std::int64_t end);
void winograd_gradients(const WinogradShape& shape, const Bf16* dy, float* gradients, std::int64_t first,
                        std::int64_t block, std::int64_t begin, std::int64_t end);
/// sums (as transformed weights) of the points [begin, end) += over the block's first `count` tiles; `add` false: =.
void winograd_accumulate(const WinogradShape& shape, const float* inputs, const float* gradients, float* sums,
                         std::int64_t block, std::int64_t count, bool add, std::int64_t begin, std::int64_t end);
/// The weights' gradient, (outputs, channels, kernel, kernel), of the panels [begin, end) of outputs.
void winograd_weight_gradient(const float* sums, float* dw, int kernel, std::int64_t channels, std::int64_t outputs,
                              std::int64_t begin, std::int64_t end);

}  // namespace digits
