#include "kernels/convolution/tile_weight_gradient.hpp"

#include <algorithm>
#include <array>

namespace digits {
namespace {

/// Positions are taken in blocks of so many values, which stay in the second-level cache, and of at least so many
/// positions.
constexpr std::int64_t kBlockValues = std::int64_t{1} << 19, kLeastPositions = 1024;
/// Up to so many sums each thread has its own.
constexpr std::int64_t kSumsPerThread = std::int64_t{5} << 17;

/// Floats of a part of the workspace that has bf16 values.
constexpr std::int64_t bf16_part(std::int64_t values) { return workspace_part((values + 1) / 2); }

}  // namespace

TileWeightGradient::TileWeightGradient(const TileLayout& layout, std::int64_t threads)
    : layout_(layout),
      threads_(threads),
      transposes_x_(layout.depth < layout.outputs),
      positions_(layout.positions() + (transposes_x_ ? layout.halo() : 0)) {
    const std::int64_t most = std::max(kBlockValues / (rows() + columns()), kLeastPositions);
    sums_per_thread_ = sums_size() <= kSumsPerThread;
    const std::int64_t share = sums_per_thread_ ? (positions_ + threads - 1) / threads : positions_;
    block_ = ceil_to(std::min(most, share), kTileDepth);
}

std::int64_t TileWeightGradient::transposed_stride() const {
    // Not a power of two, so that the 32 rows are spread over the sets of the cache.
    return ceil_to(block_, 2 * kTileDepth) + kTileDepth;
}

std::int64_t TileWeightGradient::zeros_size() const {
    return std::max(layout_.pixel_in, layout_.pixel_out) + kTileBlock;
}

std::int64_t TileWeightGradient::workspace() const {
    return parts() * (workspace_part(sums_size()) + bf16_part(transposed_size()) + bf16_part(packed_size())) +
           bf16_part(zeros_size()) + threads_ * bf16_part(im2col_size());
}

void TileWeightGradient::find_rows(bool of_x, const Bf16* values, std::int64_t first, const Bf16* zeros, Bf16* im2col,
                                   const Bf16** rows) const {
    if (of_x && layout_.im2col) {
        layout_.gather(values, first, kTileDepth, im2col);
        for (std::int64_t i = 0; i < kTileDepth; ++i) rows[i] = im2col + i * layout_.row();
        return;
    }
    const PixelGrid& grid = of_x ? layout_.in : layout_.out;
    const std::int64_t stride = of_x ? layout_.pixel_in : layout_.pixel_out;
    grid.for_pixels(first, kTileDepth,
                    [&](std::int64_t i, std::int64_t pixel) { rows[i] = pixel < 0 ? zeros : values + pixel * stride; });
}

void TileWeightGradient::pack(const Bf16* x, const Bf16* dy, const Bf16* zeros, std::int64_t first, std::int64_t steps,
                              std::int64_t begin, std::int64_t end, Bf16* transposed, Bf16* packed,
                              Bf16* im2col) const {
    std::array<const Bf16*, kTileDepth> rows;
    // A tap reads x after the position of its dy.
    const std::int64_t packed_first = transposes_x_ ? first - halo() : first;
    const std::int64_t packed_steps = steps + halo() / kTileDepth;
    for (std::int64_t i = begin; i < end; ++i) {
        if (i < steps) {
            find_rows(transposes_x_, transposes_x_ ? x : dy, first + i * kTileDepth, zeros, im2col, rows.data());
            transpose_tile_rows(rows.data(), this->rows(), transposed + i * kTileDepth, transposed_stride());
        } else {
            const std::int64_t copy = (i - steps) / packed_steps, step = (i - steps) % packed_steps;
            find_rows(!transposes_x_, transposes_x_ ? dy : x, packed_first + step * kTileDepth + copy, zeros, im2col,
                      rows.data());
            pack_tile_rows(rows.data(), columns(), packed + copy * copy_size() + step * kTileSize, column_tile_size());
        }
    }
}

void TileWeightGradient::accumulate(const Bf16* transposed, const Bf16* packed, std::int64_t steps, bool add,
                                    float* sums, std::int64_t begin, std::int64_t end) const {
    const TileRegisters registers;
    const std::int64_t no_offset = 0;
    TileOperands operands;
    operands.a_stride = transposed_stride();
    operands.offsets = &no_offset;
    operands.steps = steps;
    operands.b_columns = column_tile_size();
    for (std::int64_t task = begin; task < end; ++task) {
        const std::int64_t column = task % column_blocks(), rest = task / column_blocks();
        const std::int64_t row = rest % row_blocks(), offset = layout_.offset(rest / row_blocks());
        const std::int64_t shift = transposes_x_ ? halo() - offset : offset;
        operands.a = transposed + row * kTileBlock * transposed_stride();
        operands.b = packed + shift % 2 * copy_size() + column * 2 * column_tile_size() + shift / 2 * 2 * kTile;
        tile_gemm(operands, columns() - column * kTileBlock <= kTile, add, sums + task * kTileBlockSize);
    }
}

void TileWeightGradient::write(const float* sums, float* dw, const Threads& threads) const {
    const std::int64_t next = transposes_x_ ? kTileBlock : 1;  // from a value of the depth to the next
    const auto index = [&](std::int64_t tap, std::int64_t output, std::int64_t k) {
        const std::int64_t row = transposes_x_ ? k : output, column = transposes_x_ ? output : k;
        return ((tap * row_blocks() + row / kTileBlock) * column_blocks() + column / kTileBlock) * kTileBlockSize +
               row % kTileBlock * kTileBlock + column % kTileBlock;
    };
    // im2col: the inner dimension is (kernel row, kernel column, channel), else it is the channel.
    const std::int64_t places = layout_.kernel_y * layout_.kernel_x, channels = layout_.channels;
    threads.parallel_for(layout_.outputs, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t output = begin; output < end; ++output)
            for (std::int64_t tap = 0; tap < layout_.taps; ++tap)
                for (std::int64_t k = 0, count = 0; k < layout_.depth; k += count) {
                    const std::int64_t channel = k % channels, place = layout_.im2col ? k / channels : tap;
                    count = std::min(kTileBlock - k % kTileBlock, channels - channel);
                    copy_strided(sums + index(tap, output, k), next,
                                 dw + (output * channels + channel) * places + place, places, count);
                }
    });
}

void TileWeightGradient::run(const Bf16* x, const Bf16* dy, float* dw, float* workspace, const Threads& threads) const {
    float* sums = workspace;
    const std::int64_t part_sums = workspace_part(sums_size());
    float* next = sums + parts() * part_sums;
    const auto take = [&](std::int64_t values, std::int64_t count) {
        Bf16* begin = reinterpret_cast<Bf16*>(next);
        next += count * bf16_part(values);
        return begin;
    };
    Bf16 *transposed = take(transposed_size(), parts()), *packed = take(packed_size(), parts()),
         *zeros = take(zeros_size(), 1), *im2col = take(im2col_size(), threads_);
    const std::int64_t part_transposed = 2 * bf16_part(transposed_size()), part_packed = 2 * bf16_part(packed_size()),
                       part_im2col = 2 * bf16_part(im2col_size());
    std::fill_n(zeros, zeros_size(), Bf16{});
    const auto steps_at = [&](std::int64_t first, std::int64_t end) {
        return ceil_to(std::min(block_, end - first), kTileDepth) / kTileDepth;
    };
    if (sums_per_thread_) {
        // Whole steps, so that no two threads have the same position.
        const std::int64_t all_steps = ceil_to(positions_, kTileDepth) / kTileDepth;
        parallel_parts(threads, all_steps, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
            Bf16 *own_transposed = transposed + part * part_transposed, *own_packed = packed + part * part_packed;
            float* own_sums = sums + part * part_sums;
            if (begin == end) std::fill_n(own_sums, sums_size(), 0.0F);
            for (std::int64_t first = begin * kTileDepth; first < end * kTileDepth; first += block_) {
                const std::int64_t steps = steps_at(first, end * kTileDepth);
                pack(x, dy, zeros, first, steps, 0, pack_steps(steps), own_transposed, own_packed,
                     im2col + part * part_im2col);
                accumulate(own_transposed, own_packed, steps, first > begin * kTileDepth, own_sums, 0, tasks());
            }
        });
    } else {
        for (std::int64_t first = 0; first < positions_; first += block_) {
            const std::int64_t steps = steps_at(first, positions_);
            parallel_parts(threads, pack_steps(steps), [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
                pack(x, dy, zeros, first, steps, begin, end, transposed, packed, im2col + part * part_im2col);
            });
            threads.parallel_for(tasks(), 1, [&](std::int64_t begin, std::int64_t end) {
                accumulate(transposed, packed, steps, first > 0, sums, begin, end);
            });
        }
    }
    reduce_parts(threads, sums, sums_size(), parts(), part_sums);
    write(sums, dw, threads);
}

}  // namespace digits
