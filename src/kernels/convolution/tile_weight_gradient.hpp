#pragma once

#include <cstdint>

#include "kernels/convolution/tile_layout.hpp"
#include "kernels/threads.hpp"

namespace digits {

/// The weight gradient of tile_convolution.hpp: for each tap, the sum over positions of x there times dy at the
/// position that the tap read. The one of x and dy that has fewer channels is transposed, so that its channels are rows
/// along the positions, which can be read from any position on; the other one is packed.
class TileWeightGradient {
  public:
    TileWeightGradient(const TileLayout& layout, std::int64_t threads);

    /// Floats of workspace of run().
    std::int64_t workspace() const;
    /// dw (outputs, channels, kernel rows, kernel columns) of one group, whose channels begin at x and dy.
    void run(const Bf16* x, const Bf16* dy, float* dw, float* workspace, const Threads& threads) const;

  private:
    std::int64_t rows() const { return transposes_x_ ? layout_.depth : layout_.outputs; }
    std::int64_t columns() const { return transposes_x_ ? layout_.outputs : layout_.depth; }
    std::int64_t row_blocks() const { return ceil_to(rows(), kTileBlock) / kTileBlock; }
    std::int64_t column_blocks() const { return ceil_to(columns(), kTileBlock) / kTileBlock; }
    std::int64_t tasks() const { return layout_.taps * row_blocks() * column_blocks(); }
    std::int64_t halo() const { return ceil_to(layout_.halo(), kTileDepth); }
    /// Packed tiles have pairs of positions, so with several taps there is a copy that begins at an even position and
    /// one that begins at an odd position.
    std::int64_t copies() const { return layout_.taps > 1 ? 2 : 1; }
    std::int64_t transposed_stride() const;

    // Sizes of the parts of the workspace, in values: sums in float, all others in bf16.
    std::int64_t sums_size() const { return tasks() * kTileBlockSize; }
    std::int64_t transposed_size() const { return row_blocks() * kTileBlock * transposed_stride(); }
    std::int64_t column_tile_size() const { return (block_ + halo()) * kTile; }
    std::int64_t copy_size() const { return 2 * column_blocks() * column_tile_size(); }
    std::int64_t packed_size() const { return copies() * copy_size(); }
    std::int64_t zeros_size() const;
    std::int64_t im2col_size() const { return layout_.im2col ? kTileDepth * layout_.row() : 0; }
    std::int64_t parts() const { return sums_per_thread_ ? threads_ : 1; }

    /// Pointers to the 32 rows of x or dy from position `first` on.
    void find_rows(bool of_x, const Bf16* values, std::int64_t first, const Bf16* zeros, Bf16* im2col,
                   const Bf16** rows) const;
    /// The steps of transposing and packing a block of `steps` steps; pack() does the steps [begin, end) for the block
    /// that begins at position `first`.
    std::int64_t pack_steps(std::int64_t steps) const { return steps + copies() * (steps + halo() / kTileDepth); }
    void pack(const Bf16* x, const Bf16* dy, const Bf16* zeros, std::int64_t first, std::int64_t steps,
              std::int64_t begin, std::int64_t end, Bf16* transposed, Bf16* packed, Bf16* im2col) const;
    /// sums (taps, row blocks, column blocks, 32, 32) of the tasks [begin, end) = or += those of `steps` steps.
    void accumulate(const Bf16* transposed, const Bf16* packed, std::int64_t steps, bool add, float* sums,
                    std::int64_t begin, std::int64_t end) const;
    void write(const float* sums, float* dw, const Threads& threads) const;

    const TileLayout layout_;
    const std::int64_t threads_;
    const bool transposes_x_;
    std::int64_t positions_ = 0, block_ = 0;  // positions of what is transposed, and of a block
    bool sums_per_thread_ = false;            // each thread sums over its own positions
};

}  // namespace digits
