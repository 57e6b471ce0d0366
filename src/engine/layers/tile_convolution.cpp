#include "engine/layers/tile_convolution.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <vector>

#include "engine/kernels/tiles.hpp"
#include "engine/layers/parts.hpp"
#include "engine/layers/stored.hpp"
#include "engine/layers/tile_walk.hpp"
#include "engine/layers/tile_weight_gradient.hpp"

namespace digits {
namespace {

/// Rows that a thread works on at a time should stay in its second-level cache, and weights of fewer values than this
/// stay there beside them.
constexpr std::int64_t kBandValues = std::int64_t{1} << 18, kSmallWeights = std::int64_t{1} << 16;
constexpr std::int64_t kLeastChannels = 20, kLeastPatch = 100;

/// One pass: rows of x, or of dy, times packed weights.
struct TilePass : TileWalk {
    explicit TilePass(const TileWalk& walk) : TileWalk(walk) {}

    /// Rows are pixels of x as they lie.
    bool reads_pixels() const {
        return !patches && taps == 1 && pad == std::array<std::int64_t, 2>{} && depth % kTileDepth == 0;
    }
    std::int64_t column_tiles(std::int64_t columns) const { return (columns + kTile - 1) / kTile; }
    std::int64_t weight_size() const { return column_tiles(outputs) * taps * steps() * kTileSize; }
    std::int64_t band() const {
        const std::int64_t band = std::max(kBandValues / row() / kTileBlock, std::int64_t{1}) * kTileBlock;
        return std::min(band, ceil_to(positions(), kTileBlock));
    }
    std::int64_t band_size() const { return (band() + halo() + kTileBlock) * row(); }

    /// The outputs of the positions [begin, end), `begin` being a multiple of 32.
    void convolve(const Bf16* x, const Bf16* weights, const float* bias, bool rectify, Bf16* y, std::int64_t begin,
                  std::int64_t end, Bf16* scratch) const {
        const TileRegisters registers;
        std::vector<std::int64_t> offsets;
        for (std::int64_t tap = 0; tap < taps; ++tap) offsets.push_back(offset(tap) * row());
        const std::int64_t most = band(), panel = taps * steps() * kTileSize;
        alignas(64) float sums[kTileBlockSize];
        std::array<Bf16*, kTileBlock> places;
        for (std::int64_t first = begin; first < end; first += most) {
            const std::int64_t count = std::min(most, end - first), blocks = (count + kTileBlock - 1) / kTileBlock;
            // The last block of all would read behind x.
            const bool as_it_lies = reads_pixels() && first + blocks * kTileBlock <= positions();
            if (!as_it_lies) gather(x, first, blocks * kTileBlock + halo(), scratch);
            TileFactors factors;
            factors.a_stride = as_it_lies ? pixel_in : row();
            factors.offsets = offsets.data();
            factors.taps = taps;
            factors.steps = steps();
            factors.b_columns = panel;
            const auto place = [&](std::int64_t block) {
                factors.a = (as_it_lies ? x + first * pixel_in : scratch) + block * kTileBlock * factors.a_stride;
                const std::int64_t at = first + block * kTileBlock;
                out.walk(at, kTileBlock, [&](std::int64_t i, std::int64_t pixel) {
                    places[static_cast<std::size_t>(i)] = pixel < 0 || at + i >= end ? nullptr : y + pixel * pixel_out;
                });
            };
            const auto make = [&](std::int64_t output) {
                factors.b = weights + output / kTile * panel;
                const std::int64_t columns = std::min(kTileBlock, outputs - output);
                sum_tiles(factors, columns <= kTile, false, sums);
                store_tiles(sums, bias ? bias + output : nullptr, rectify, output, columns, places.data());
            };
            if (weight_size() <= kSmallWeights) {
                for (std::int64_t block = 0; block < blocks; ++block) {
                    place(block);
                    for (std::int64_t output = 0; output < outputs; output += kTileBlock) make(output);
                }
                continue;
            }
            for (std::int64_t output = 0; output < outputs; output += kTileBlock)
                for (std::int64_t block = 0; block < blocks; ++block) {
                    place(block);
                    make(output);
                }
        }
    }

    at::Tensor run(const at::Tensor& x, const at::Tensor& packed, const float* bias, bool rectify, const at::Tensor& y,
                   std::int64_t groups) const {
        const std::int64_t threads = at::get_num_threads();
        const at::Tensor scratch = at::empty({threads, band_size()}, at::kBFloat16);
        const std::int64_t blocks = (positions() + kTileBlock - 1) / kTileBlock;
        for (std::int64_t g = 0; g < groups; ++g)
            in_parts(blocks, [&](std::int64_t thread, std::int64_t begin, std::int64_t end) {
                convolve(stored<Bf16>(x) + g * channels, stored<Bf16>(packed) + g * weight_size(),
                         bias ? bias + g * outputs : nullptr, rectify, stored<Bf16>(y) + g * outputs,
                         begin * kTileBlock, std::min(positions(), end * kTileBlock),
                         stored<Bf16>(scratch) + thread * band_size());
            });
        return y;
    }
};

}  // namespace

bool TileConvolution::suits(const ConvolutionWindow& window, const Shape& stride, std::int64_t channels,
                            std::int64_t outputs, std::int64_t groups) {
    if (!has_tile_products() || window.channel_axis != 1 || window.spatial_axes() != 2) return false;
    for (std::size_t i = 0; i < 2; ++i)
        if (window.dilation[i] != 1 || window.pad[i] >= window.kernel[i]) return false;
    // Few channels leave most of a step empty, and short patches take longer to gather than to multiply.
    if (stride[0] == 1 && stride[1] == 1)
        return channels / groups >= kLeastChannels && outputs / groups >= kLeastChannels;
    return groups == 1 && window.kernel[0] * window.kernel[1] * channels >= kLeastPatch;
}

TileConvolution::TileConvolution(const ConvolutionWindow& window, const Shape& stride, std::int64_t channels,
                                 std::int64_t outputs, std::int64_t groups)
    : kernel_y_(window.kernel[0]),
      kernel_x_(window.kernel[1]),
      stride_y_(stride[0]),
      stride_x_(stride[1]),
      pad_y_(window.pad[0]),
      pad_x_(window.pad[1]),
      channels_(channels / groups),
      outputs_(outputs / groups),
      groups_(groups) {}

TileWalk TileConvolution::walk(at::IntArrayRef x, at::IntArrayRef y) const {
    TileWalk walk;
    walk.channels = channels_;
    walk.outputs = outputs_;
    walk.pixel_in = x[1];
    walk.pixel_out = y[1];
    walk.kernel = {kernel_y_, kernel_x_};
    walk.stride = {stride_y_, stride_x_};
    walk.pad = {pad_y_, pad_x_};
    const std::int64_t pixels = kernel_y_ * kernel_x_;
    walk.patches = !is_direct();
    if (walk.patches) {
        walk.depth = pixels * channels_;
        walk.out = {x[0], y[2], y[3], 0, 0, y[2], y[3]};
        walk.in.height = x[2];
        walk.in.width = x[3];
        return walk;
    }
    walk.taps = pixels;
    walk.depth = channels_;
    const std::int64_t lines = x[2] + pad_y_, line = x[3] + pad_x_;
    walk.in = {x[0], lines, line, pad_y_, pad_x_, x[2], x[3]};
    walk.out = {x[0], lines, line, 0, 0, y[2], y[3]};
    return walk;
}

TileWalk TileConvolution::turned_walk(at::IntArrayRef x, at::IntArrayRef y) const {
    TileWalk walk;
    walk.channels = outputs_;
    walk.outputs = channels_;
    walk.pixel_in = y[1];
    walk.pixel_out = x[1];
    walk.kernel = {kernel_y_, kernel_x_};
    walk.pad = {kernel_y_ - 1 - pad_y_, kernel_x_ - 1 - pad_x_};
    walk.taps = kernel_y_ * kernel_x_;
    walk.depth = outputs_;
    const std::int64_t lines = y[2] + walk.pad[0], line = y[3] + walk.pad[1];
    walk.in = {x[0], lines, line, walk.pad[0], walk.pad[1], y[2], y[3]};
    walk.out = {x[0], lines, line, 0, 0, x[2], x[3]};
    return walk;
}

namespace {

at::Tensor empty_bf16_planes(at::IntArrayRef sizes) {
    return at::empty(sizes, at::TensorOptions(at::kBFloat16).memory_format(at::MemoryFormat::ChannelsLast));
}

}  // namespace

at::Tensor TileConvolution::forward(const at::Tensor& x, const at::Tensor& weight,
                                    const std::optional<at::Tensor>& bias, bool rectify) const {
    const at::Tensor y =
        empty_bf16_planes({x.size(0), weight.size(0), (x.size(2) + 2 * pad_y_ - kernel_y_) / stride_y_ + 1,
                           (x.size(3) + 2 * pad_x_ - kernel_x_) / stride_x_ + 1});
    const TilePass walk(this->walk(x.sizes(), y.sizes()));
    const at::Tensor packed = at::empty({groups_ * walk.weight_size()}, at::kBFloat16);
    // Patches hold channels last.
    const at::Tensor kernels = walk.patches ? weight.permute({0, 2, 3, 1}).contiguous() : weight.contiguous();
    const std::int64_t tiles = walk.column_tiles(outputs_), inner = walk.patches ? 1 : walk.taps;
    at::parallel_for(0, groups_ * tiles * walk.taps, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t tap = i % walk.taps, tile = i / walk.taps % tiles, g = i / walk.taps / tiles;
            const std::int64_t output = g * outputs_ + tile * kTile, row = walk.depth * inner;
            pack_tiles(kernels.data_ptr<float>() + output * row + tap, inner, row, walk.depth, outputs_ - tile * kTile,
                       stored<Bf16>(packed) + i * walk.steps() * kTileSize);
        }
    });
    return walk.run(x, packed, bias ? bias->data_ptr<float>() : nullptr, rectify, y, groups_);
}

at::Tensor TileConvolution::input_gradient(const at::Tensor& dy, const at::Tensor& weight,
                                           at::IntArrayRef sizes) const {
    const at::Tensor dx = empty_bf16_planes(sizes);
    const TilePass walk(turned_walk(sizes, dy.sizes()));
    const at::Tensor packed = at::empty({groups_ * walk.weight_size()}, at::kBFloat16);
    const at::Tensor kernels = weight.contiguous();
    const std::int64_t tiles = walk.column_tiles(channels_);
    at::parallel_for(0, groups_ * tiles * walk.taps, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t tap = i % walk.taps, tile = i / walk.taps % tiles, g = i / walk.taps / tiles;
            const float* from = kernels.data_ptr<float>() + g * outputs_ * channels_ * walk.taps +
                                tile * kTile * walk.taps + walk.taps - 1 - tap;
            pack_tiles(from, channels_ * walk.taps, walk.taps, outputs_, channels_ - tile * kTile,
                       stored<Bf16>(packed) + i * walk.steps() * kTileSize);
        }
    });
    return walk.run(dy, packed, nullptr, false, dx, groups_);
}

at::Tensor TileConvolution::weight_gradient(const at::Tensor& x, const at::Tensor& dy, at::IntArrayRef sizes) const {
    const TileWalk walk = this->walk(x.sizes(), dy.sizes());
    const at::Tensor dw = at::empty({groups_ * outputs_, walk.depth, walk.taps}, at::kFloat);
    const TileWeightGradient gradient(walk);
    for (std::int64_t g = 0; g < groups_; ++g)
        gradient.run(stored<Bf16>(x) + g * channels_, stored<Bf16>(dy) + g * outputs_,
                     dw.data_ptr<float>() + g * outputs_ * walk.depth * walk.taps);
    if (!walk.patches) return dw.view(sizes);
    return dw.view({sizes[0], sizes[2], sizes[3], sizes[1]}).permute({0, 3, 1, 2}).contiguous();
}

std::int64_t TileConvolution::forward_scratch(at::IntArrayRef x, at::IntArrayRef y) const {
    const TilePass pass(walk(x, y));
    return (groups_ * pass.weight_size() + at::get_num_threads() * pass.band_size()) / 2;
}

std::int64_t TileConvolution::input_scratch(at::IntArrayRef x, at::IntArrayRef y) const {
    const TilePass pass(turned_walk(x, y));
    return (groups_ * pass.weight_size() + at::get_num_threads() * pass.band_size()) / 2;
}

std::int64_t TileConvolution::weight_scratch(at::IntArrayRef x, at::IntArrayRef y) const {
    return TileWeightGradient(walk(x, y)).scratch();
}

}  // namespace digits
