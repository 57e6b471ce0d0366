#include "kernels/convolution/tile_convolution.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "kernels/convolution/tile_layout.hpp"
#include "kernels/convolution/tile_weight_gradient.hpp"
#include "kernels/gemm/tile_gemm.hpp"

namespace digits {
namespace {

/// Rows that a thread works on at a time should stay in its second-level cache; weights of fewer values stay there
/// beside them.
constexpr std::int64_t kBandValues = std::int64_t{1} << 18, kSmallWeights = std::int64_t{1} << 16;

/// A pass with stride 1: rows of x or dy times packed weights, a band of positions at a time. Sizes are in Bf16 values.
struct TilePass : TileLayout {
    explicit TilePass(const TileLayout& layout) : TileLayout(layout) {}

    /// Rows are pixels of x in place.
    bool reads_pixels() const { return taps == 1 && pad_y == 0 && pad_x == 0 && depth % kTileDepth == 0; }
    std::int64_t column_tiles() const { return ceil_to(outputs, kTile) / kTile; }
    std::int64_t weight_size() const { return column_tiles() * taps * steps() * kTileSize; }
    std::int64_t band() const {
        const std::int64_t band = std::max(kBandValues / row() / kTileBlock, std::int64_t{1}) * kTileBlock;
        return std::min(band, ceil_to(positions(), kTileBlock));
    }
    std::int64_t band_size() const { return (band() + halo() + kTileBlock) * row(); }
    std::int64_t workspace(std::int64_t groups, std::int64_t threads) const {
        return workspace_part((groups * weight_size() + threads * band_size()) / 2);
    }

    /// The outputs of the positions [begin, end); `begin` is a multiple of 32. `rows`: band_size() values.
    void convolve(const Bf16* x, const Bf16* weights, const float* bias, bool relu, Bf16* y, std::int64_t begin,
                  std::int64_t end, Bf16* rows) const {
        const TileRegisters registers;
        std::vector<std::int64_t> offsets;
        for (std::int64_t tap = 0; tap < taps; ++tap) offsets.push_back(offset(tap) * row());
        const std::int64_t most = band(), panel = taps * steps() * kTileSize;
        alignas(64) float sums[kTileBlockSize];
        std::array<Bf16*, kTileBlock> targets;
        for (std::int64_t first = begin; first < end; first += most) {
            const std::int64_t count = std::min(most, end - first), blocks = (count + kTileBlock - 1) / kTileBlock;
            // In place, the last block of all would read beyond x.
            const bool in_place = reads_pixels() && first + blocks * kTileBlock <= positions();
            if (!in_place) gather(x, first, blocks * kTileBlock + halo(), rows);
            TileOperands operands;
            operands.a_stride = in_place ? pixel_in : row();
            operands.offsets = offsets.data();
            operands.taps = taps;
            operands.steps = steps();
            operands.b_columns = panel;
            const auto select_rows = [&](std::int64_t block) {
                operands.a = (in_place ? x + first * pixel_in : rows) + block * kTileBlock * operands.a_stride;
                const std::int64_t at = first + block * kTileBlock;
                out.for_pixels(at, kTileBlock, [&](std::int64_t i, std::int64_t pixel) {
                    targets[static_cast<std::size_t>(i)] = pixel < 0 || at + i >= end ? nullptr : y + pixel * pixel_out;
                });
            };
            const auto compute = [&](std::int64_t output) {
                operands.b = weights + output / kTile * panel;
                const std::int64_t columns = std::min(kTileBlock, outputs - output);
                tile_gemm(operands, columns <= kTile, false, sums);
                store_tile_block(sums, bias ? bias + output : nullptr, relu, output, columns, targets.data());
            };
            if (weight_size() <= kSmallWeights) {
                for (std::int64_t block = 0; block < blocks; ++block) {
                    select_rows(block);
                    for (std::int64_t output = 0; output < outputs; output += kTileBlock) compute(output);
                }
                continue;
            }
            for (std::int64_t output = 0; output < outputs; output += kTileBlock)
                for (std::int64_t block = 0; block < blocks; ++block) {
                    select_rows(block);
                    compute(output);
                }
        }
    }

    /// Packs the weights of all groups. That of inner index k, output j and tap t is at w[k · k_stride + j · j_stride +
    /// t]; with `rotate` the taps are in reverse order.
    void pack(const float* w, std::int64_t k_stride, std::int64_t j_stride, bool rotate, std::int64_t groups,
              Bf16* packed, const Threads& threads) const {
        const std::int64_t tiles = column_tiles(), group_size = depth * outputs * taps;
        threads.parallel_for(groups * tiles * taps, 1, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i) {
                const std::int64_t tap = i % taps, output = i / taps % tiles * kTile, group = i / taps / tiles;
                const float* from = w + group * group_size + output * j_stride;
                pack_tile_weights(from + (rotate ? taps - 1 - tap : tap), k_stride, j_stride, depth, outputs - output,
                                  packed + i * steps() * kTileSize);
            }
        });
    }

    void run(const Bf16* x, const Bf16* packed, const float* bias, bool relu, Bf16* y, std::int64_t groups, Bf16* rows,
             const Threads& threads) const {
        const std::int64_t blocks = (positions() + kTileBlock - 1) / kTileBlock;
        for (std::int64_t g = 0; g < groups; ++g)
            parallel_parts(threads, blocks, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
                convolve(x + g * channels, packed + g * weight_size(), bias ? bias + g * outputs : nullptr, relu,
                         y + g * outputs, begin * kTileBlock, std::min(positions(), end * kTileBlock),
                         rows + part * band_size());
            });
    }
};

}  // namespace

std::int64_t tile_convolution_workspace(const TileConvolutionShape& shape, Pass pass, std::int64_t threads) {
    switch (pass) {
        case Pass::kForward: return TilePass(direct_layout(shape)).workspace(shape.groups, threads);
        case Pass::kInputGradient: return TilePass(input_gradient_layout(shape)).workspace(shape.groups, threads);
        case Pass::kWeightGradient: return TileWeightGradient(weight_gradient_layout(shape), threads).workspace();
    }
    return 0;
}

void tile_convolution_forward(const TileConvolutionShape& shape, const Bf16* x, const float* weight, const float* bias,
                              bool relu, Bf16* y, float* workspace, const Threads& threads) {
    const TilePass pass(direct_layout(shape));
    Bf16* packed = reinterpret_cast<Bf16*>(workspace);
    pass.pack(weight, pass.taps, pass.depth * pass.taps, false, shape.groups, packed, threads);
    pass.run(x, packed, bias, relu, y, shape.groups, packed + shape.groups * pass.weight_size(), threads);
}

void tile_convolution_input_gradient(const TileConvolutionShape& shape, const Bf16* dy, const float* weight, Bf16* dx,
                                     float* workspace, const Threads& threads) {
    const TilePass pass(input_gradient_layout(shape));
    Bf16* packed = reinterpret_cast<Bf16*>(workspace);
    pass.pack(weight, shape.channels * pass.taps, pass.taps, true, shape.groups, packed, threads);
    pass.run(dy, packed, nullptr, false, dx, shape.groups, packed + shape.groups * pass.weight_size(), threads);
}

void tile_convolution_weight_gradient(const TileConvolutionShape& shape, const Bf16* x, const Bf16* dy, float* dw,
                                      float* workspace, const Threads& threads) {
    const TileWeightGradient gradient(weight_gradient_layout(shape), threads.count());
    const std::int64_t size = shape.outputs * shape.channels * shape.kernel_y * shape.kernel_x;
    for (std::int64_t g = 0; g < shape.groups; ++g)
        gradient.run(x + g * shape.channels, dy + g * shape.outputs, dw + g * size, workspace, threads);
}

}  // namespace digits
