#include "engine/convolution/algorithms/tile_weight_gradient.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <vector>

#include "engine/device/thread_parts.hpp"
#include "engine/layers/stored.hpp"

namespace digits {
namespace {

/// Positions are taken in blocks whose values stay in the second-level cache, of at least so many.
constexpr std::int64_t kBlockValues = std::int64_t{1} << 19, kLeastPositions = 1024;
/// Threads keep sums of their own up to so many.
constexpr std::int64_t kOwnSums = std::int64_t{5} << 17;

}  // namespace

TileWeightGradient::TileWeightGradient(const TileWalk& walk)
    : walk_(walk), turns_x_(walk.depth < walk.outputs), positions_(walk.positions() + (turns_x_ ? walk.halo() : 0)) {
    const std::int64_t most = std::max(kBlockValues / (rows() + columns()), kLeastPositions);
    apart_ = sums_size() <= kOwnSums;
    const std::int64_t share = apart_ ? (positions_ + at::get_num_threads() - 1) / at::get_num_threads() : positions_;
    block_ = ceil_to(std::min(most, share), kTileDepth);
}

std::int64_t TileWeightGradient::turned_stride() const {
    // Not a power of two: 32 rows would share a few places of the cache.
    return ceil_to(block_, 2 * kTileDepth) + kTileDepth;
}

std::int64_t TileWeightGradient::scratch() const {
    return (apart_ ? at::get_num_threads() : 1) * ((turned_size() + pairings() * pairing_size()) / 2 + sums_size());
}

void TileWeightGradient::find_rows(bool of_x, const Bf16* values, std::int64_t first, const Bf16* none, Bf16* scratch,
                                   const Bf16** rows) const {
    if (of_x && walk_.patches) {
        walk_.gather(values, first, kTileDepth, scratch);
        for (std::int64_t i = 0; i < kTileDepth; ++i) rows[i] = scratch + i * walk_.row();
        return;
    }
    const PixelGrid& grid = of_x ? walk_.in : walk_.out;
    const std::int64_t distance = of_x ? walk_.pixel_in : walk_.pixel_out;
    grid.walk(first, kTileDepth,
              [&](std::int64_t i, std::int64_t pixel) { rows[i] = pixel < 0 ? none : values + pixel * distance; });
}

void TileWeightGradient::lay_out(const Bf16* x, const Bf16* dy, const Bf16* none, std::int64_t first,
                                 std::int64_t steps, std::int64_t begin, std::int64_t end, Bf16* turned,
                                 Bf16* packed) const {
    std::array<const Bf16*, kTileDepth> rows;
    std::vector<Bf16> scratch(static_cast<std::size_t>(walk_.patches ? kTileDepth * walk_.row() : 0));
    // A tap sees x behind a position, and dy came from before it.
    const std::int64_t packed_first = turns_x_ ? first - halo() : first, packed_steps = steps + halo() / kTileDepth;
    for (std::int64_t i = begin; i < end; ++i) {
        if (i < steps) {
            find_rows(turns_x_, turns_x_ ? x : dy, first + i * kTileDepth, none, scratch.data(), rows.data());
            turn_rows(rows.data(), this->rows(), turned + i * kTileDepth, turned_stride());
        } else {
            const std::int64_t pairing = (i - steps) / packed_steps, step = (i - steps) % packed_steps;
            find_rows(!turns_x_, turns_x_ ? dy : x, packed_first + step * kTileDepth + pairing, none, scratch.data(),
                      rows.data());
            pack_rows(rows.data(), columns(), packed + pairing * pairing_size() + step * kTileSize, strip());
        }
    }
}

void TileWeightGradient::add_up(const Bf16* turned, const Bf16* packed, std::int64_t steps, bool add, float* sums,
                                std::int64_t begin, std::int64_t end) const {
    const TileRegisters registers;
    const std::int64_t no_offset = 0;
    TileFactors factors;
    factors.a_stride = turned_stride();
    factors.offsets = &no_offset;
    factors.steps = steps;
    factors.b_columns = strip();
    for (std::int64_t task = begin; task < end; ++task) {
        const std::int64_t column = task % column_blocks(), rest = task / column_blocks();
        const std::int64_t row = rest % row_blocks(), offset = walk_.offset(rest / row_blocks());
        const std::int64_t shift = turns_x_ ? halo() - offset : offset;
        factors.a = turned + row * kTileBlock * turned_stride();
        factors.b = packed + shift % 2 * pairing_size() + column * 2 * strip() + shift / 2 * 2 * kTile;
        sum_tiles(factors, columns() - column * kTileBlock <= kTile, add, sums + task * kTileBlockSize);
    }
}

void TileWeightGradient::write(float* sums, std::int64_t parts, float* dw) const {
    const std::int64_t size = sums_size();
    at::parallel_for(0, parts > 1 ? size : 0, 1 << 14, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t part = 1; part < parts; ++part)
            for (std::int64_t i = begin; i < end; ++i) sums[i] += sums[part * size + i];
    });
    const std::int64_t next = turns_x_ ? kTileBlock : 1;  // from a value of the depth to the next
    const auto place = [&](std::int64_t tap, std::int64_t output, std::int64_t at) {
        const std::int64_t row = turns_x_ ? at : output, column = turns_x_ ? output : at;
        return ((tap * row_blocks() + row / kTileBlock) * column_blocks() + column / kTileBlock) * kTileBlockSize +
               row % kTileBlock * kTileBlock + column % kTileBlock;
    };
    at::parallel_for(0, walk_.outputs, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t output = begin; output < end; ++output)
            for (std::int64_t at = 0; at < walk_.depth; at += kTileBlock)
                for (std::int64_t tap = 0; tap < walk_.taps; ++tap)
                    copy_strided(sums + place(tap, output, at), next,
                                 dw + (output * walk_.depth + at) * walk_.taps + tap, walk_.taps,
                                 std::min(kTileBlock, walk_.depth - at));
    });
}

void TileWeightGradient::run(const Bf16* x, const Bf16* dy, float* dw) const {
    const std::int64_t parts = apart_ ? at::get_num_threads() : 1;
    const at::Tensor turned_rows = at::empty({parts, turned_size()}, at::kBFloat16);
    const at::Tensor packed_rows = at::empty({parts, pairings() * pairing_size()}, at::kBFloat16);
    const at::Tensor all_sums = at::empty({parts, sums_size()}, at::kFloat);
    auto *turned = stored<Bf16>(turned_rows), *packed = stored<Bf16>(packed_rows);
    float* sums = all_sums.data_ptr<float>();
    const std::vector<Bf16> none(static_cast<std::size_t>(std::max(walk_.pixel_in, walk_.pixel_out) + kTileBlock));
    const auto steps_at = [&](std::int64_t first, std::int64_t end) {
        return ceil_to(std::min(block_, end - first), kTileDepth) / kTileDepth;
    };
    if (apart_) {
        // Whole steps, so that no two threads take one position.
        const std::int64_t all_steps = ceil_to(positions_, kTileDepth) / kTileDepth;
        parallel_parts(all_steps, [&](std::int64_t thread, std::int64_t begin, std::int64_t end) {
            Bf16 *own_turned = turned + thread * turned_size(),
                 *own_packed = packed + thread * pairings() * pairing_size();
            float* own_sums = sums + thread * sums_size();
            if (begin == end) std::fill_n(own_sums, sums_size(), 0.0F);
            for (std::int64_t first = begin * kTileDepth; first < end * kTileDepth; first += block_) {
                const std::int64_t steps = steps_at(first, end * kTileDepth);
                lay_out(x, dy, none.data(), first, steps, 0, layout_steps(steps), own_turned, own_packed);
                add_up(own_turned, own_packed, steps, first > begin * kTileDepth, own_sums, 0, tasks());
            }
        });
    } else {
        for (std::int64_t first = 0; first < positions_; first += block_) {
            const std::int64_t steps = steps_at(first, positions_);
            at::parallel_for(0, layout_steps(steps), 8, [&](std::int64_t begin, std::int64_t end) {
                lay_out(x, dy, none.data(), first, steps, begin, end, turned, packed);
            });
            at::parallel_for(0, tasks(), 1, [&](std::int64_t begin, std::int64_t end) {
                add_up(turned, packed, steps, first > 0, sums, begin, end);
            });
        }
    }
    write(sums, parts, dw);
}

}  // namespace digits
