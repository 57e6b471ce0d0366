#pragma once

#include <cstdint>

#include "kernels/isa/bf16.hpp"
#include "kernels/pass.hpp"
#include "kernels/threads.hpp"

namespace digits {

/// Convolution with stride 1 by Winograd's minimal filtering (Lavin and Gray, 2016). A tile of 6 x 6 inputs is
/// transformed into its values at 36 points. Each point has one GEMM over the channels, and an inverse transform gives
/// a tile of (7 - kernel)² outputs. A 3 x 3 kernel needs a quarter of the multiplications of a direct convolution, a 5
/// x 5 kernel a little more than a third. The points are 0, ±5/8, ±3/2 and ∞, which keep the rounding error near that
/// of direct convolution.
///
/// Arrays are channels-last, (items, height, width, groups · channels), of T = float, or Bf16 with AVX512_BF16.
/// Weights, their gradient and the bias are float, (groups · outputs, channels, kernel, kernel). All arithmetic is
/// fp32; results are rounded once. The processor must have AVX2, and both channels and outputs must be at least 16.
struct WinogradShape {
    int kernel = 3;  ///< 3 or 5
    std::int64_t items = 0, height = 0, width = 0;
    std::int64_t pad_y = 0, pad_x = 0;       ///< less than `kernel`
    std::int64_t channels = 0, outputs = 0;  ///< of one group
    std::int64_t groups = 1;

    std::int64_t out_height() const { return height + 2 * pad_y - kernel + 1; }
    std::int64_t out_width() const { return width + 2 * pad_x - kernel + 1; }
    /// Strides of pixels: the values of all groups.
    std::int64_t pixel_in() const { return groups * channels; }
    std::int64_t pixel_out() const { return groups * outputs; }

    int tile() const { return 7 - kernel; }
    std::int64_t tile_rows() const { return (out_height() + tile() - 1) / tile(); }
    std::int64_t tile_columns() const { return (out_width() + tile() - 1) / tile(); }
    std::int64_t tiles() const { return items * tile_rows() * tile_columns(); }
    /// The convolution of the outputs' gradient with rotated kernels that gives the inputs' gradient.
    WinogradShape input_gradient() const;
};

inline constexpr int kWinogradPoints = 36;

/// Floats of workspace of a pass: transformed weights, and transformed tiles and products of each thread.
template <class T>
std::int64_t winograd_workspace(const WinogradShape& shape, Pass pass, std::int64_t threads);

/// y = convolution of x, plus bias (nullptr: none), then ReLU if `relu`.
template <class T>
void winograd_forward(const WinogradShape& shape, const T* x, const float* weight, const float* bias, bool relu, T* y,
                      float* workspace, const Threads& threads);

/// Whether winograd_input_gradient() transforms tiles of dy and scatters tiles of dx, which overlap, instead of
/// convolving dy: that has fewer tiles where the outputs are much smaller than the inputs. The sums are float.
bool winograd_scatters_input_gradient(const WinogradShape& shape);
template <class T>
void winograd_input_gradient(const WinogradShape& shape, const T* dy, const float* weight, T* dx, float* workspace,
                             const Threads& threads);

template <class T>
void winograd_weight_gradient(const WinogradShape& shape, const T* x, const T* dy, float* dw, float* workspace,
                              const Threads& threads);

}  // namespace digits
