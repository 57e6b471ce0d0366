#include "engine/convolution/algorithms/tile_convolution.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <vector>

#include "engine/convolution/algorithms/tile_weight_gradient.hpp"
#include "engine/device/thread_parts.hpp"
#include "engine/layers/channels_last.hpp"
#include "engine/layers/stored.hpp"
#include "kernels/convolution/tile_walk.hpp"
#include "kernels/gemm/tile_gemm.hpp"

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
    std::int64_t column_tiles() const { return ceil_to(outputs, kTile) / kTile; }
    std::int64_t weight_size() const { return column_tiles() * taps * steps() * kTileSize; }
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

    /// Weights of all groups: the one of inner index k, output j and tap t is at w[k · k_stride + j · j_stride + t], or
    /// with `turned` at that of the last tap but t.
    at::Tensor pack(const at::Tensor& w, std::int64_t k_stride, std::int64_t j_stride, bool turned,
                    std::int64_t groups) const {
        const at::Tensor packed = at::empty({groups * weight_size()}, at::kBFloat16);
        const std::int64_t tiles = column_tiles(), group_size = w.numel() / groups;
        at::parallel_for(0, groups * tiles * taps, 1, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i) {
                const std::int64_t tap = i % taps, output = i / taps % tiles * kTile, group = i / taps / tiles;
                const float* from = w.data_ptr<float>() + group * group_size + output * j_stride;
                pack_tiles(from + (turned ? taps - 1 - tap : tap), k_stride, j_stride, depth, outputs - output,
                           stored<Bf16>(packed) + i * steps() * kTileSize);
            }
        });
        return packed;
    }

    at::Tensor run(const at::Tensor& x, const at::Tensor& packed, const float* bias, bool rectify, const at::Tensor& y,
                   std::int64_t groups) const {
        const std::int64_t threads = at::get_num_threads();
        const at::Tensor scratch = at::empty({threads, band_size()}, at::kBFloat16);
        const std::int64_t blocks = (positions() + kTileBlock - 1) / kTileBlock;
        for (std::int64_t g = 0; g < groups; ++g)
            parallel_parts(blocks, [&](std::int64_t thread, std::int64_t begin, std::int64_t end) {
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

TileWalk TileConvolution::direct_walk(at::IntArrayRef in, at::IntArrayRef out, std::int64_t pad_y,
                                      std::int64_t pad_x) const {
    TileWalk walk;
    walk.channels = walk.depth = in[1] / groups_;
    walk.outputs = out[1] / groups_;
    walk.pixel_in = in[1];
    walk.pixel_out = out[1];
    walk.kernel = {kernel_y_, kernel_x_};
    walk.pad = {pad_y, pad_x};
    walk.taps = kernel_y_ * kernel_x_;
    const std::int64_t lines = in[2] + pad_y, line = in[3] + pad_x;
    walk.in = {in[0], lines, line, pad_y, pad_x, in[2], in[3]};
    walk.out = {in[0], lines, line, 0, 0, out[2], out[3]};
    return walk;
}

TileWalk TileConvolution::walk(at::IntArrayRef x, at::IntArrayRef y) const {
    TileWalk walk = direct_walk(x, y, pad_y_, pad_x_);
    if (is_direct()) return walk;
    walk.patches = true;
    walk.stride = {stride_y_, stride_x_};
    walk.depth = walk.taps * channels_;
    walk.taps = 1;
    walk.out = {x[0], y[2], y[3], 0, 0, y[2], y[3]};
    return walk;
}

TileWalk TileConvolution::turned_walk(at::IntArrayRef x, at::IntArrayRef y) const {
    return direct_walk(y, x, kernel_y_ - 1 - pad_y_, kernel_x_ - 1 - pad_x_);
}

at::Tensor TileConvolution::forward(const at::Tensor& x, const at::Tensor& weight,
                                    const std::optional<at::Tensor>& bias, bool rectify) const {
    const at::Tensor y =
        empty_channels_last({x.size(0), weight.size(0), (x.size(2) + 2 * pad_y_ - kernel_y_) / stride_y_ + 1,
                             (x.size(3) + 2 * pad_x_ - kernel_x_) / stride_x_ + 1},
                            at::kBFloat16);
    const TilePass walk(this->walk(x.sizes(), y.sizes()));
    // Patches hold channels last.
    const at::Tensor kernels = walk.patches ? weight.permute({0, 2, 3, 1}).contiguous() : weight.contiguous();
    const at::Tensor packed = walk.pack(kernels, walk.taps, walk.depth * walk.taps, false, groups_);
    return walk.run(x, packed, bias ? bias->data_ptr<float>() : nullptr, rectify, y, groups_);
}

at::Tensor TileConvolution::input_gradient(const at::Tensor& dy, const at::Tensor& weight, const at::Tensor& x) const {
    const at::Tensor dx = empty_channels_last(x.sizes(), at::kBFloat16);
    const TilePass walk(turned_walk(x.sizes(), dy.sizes()));
    const at::Tensor packed = walk.pack(weight.contiguous(), channels_ * walk.taps, walk.taps, true, groups_);
    return walk.run(dy, packed, nullptr, false, dx, groups_);
}

at::Tensor TileConvolution::weight_gradient(const at::Tensor& x, const at::Tensor& dy, const at::Tensor& weight) const {
    const TileWalk walk = this->walk(x.sizes(), dy.sizes());
    const at::Tensor dw = at::empty({groups_ * outputs_, walk.depth, walk.taps}, at::kFloat);
    const TileWeightGradient gradient(walk);
    for (std::int64_t g = 0; g < groups_; ++g)
        gradient.run(stored<Bf16>(x) + g * channels_, stored<Bf16>(dy) + g * outputs_,
                     dw.data_ptr<float>() + g * outputs_ * walk.depth * walk.taps);
    if (!walk.patches) return dw.view(weight.sizes());
    return dw.view({weight.size(0), kernel_y_, kernel_x_, weight.size(1)}).permute({0, 3, 1, 2}).contiguous();
}

std::int64_t TileConvolution::scratch(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const {
    if (pass == Pass::kWeightGradient) return TileWeightGradient(walk(x, y)).scratch();
    const TilePass one(pass == Pass::kForward ? walk(x, y) : turned_walk(x, y));
    return (groups_ * one.weight_size() + at::get_num_threads() * one.band_size()) / 2;
}

}  // namespace digits
