#pragma once

#include <cstdint>

#include "kernels/convolution/tile_walk.hpp"

namespace digits {

/// The gradient of a convolution's weights by tiles: for each tap of the kernel, the sum over positions of x there
/// times dy where the tap saw it. Of one of both, the one with fewer channels, the channels become rows along the
/// positions, of which any part can be read (it is turned); the other is packed.
class TileWeightGradient {
  public:
    explicit TileWeightGradient(const TileWalk& walk);

    /// dw (outputs, depth, taps), of one group whose channels begin at x and dy.
    void run(const Bf16* x, const Bf16* dy, float* dw) const;
    /// Floats that run() takes besides.
    std::int64_t scratch() const;

  private:
    std::int64_t rows() const { return turns_x_ ? walk_.depth : walk_.outputs; }
    std::int64_t columns() const { return turns_x_ ? walk_.outputs : walk_.depth; }
    std::int64_t row_blocks() const { return ceil_to(rows(), kTileBlock) / kTileBlock; }
    std::int64_t column_blocks() const { return ceil_to(columns(), kTileBlock) / kTileBlock; }
    std::int64_t tasks() const { return walk_.taps * row_blocks() * column_blocks(); }
    std::int64_t sums_size() const { return tasks() * kTileBlockSize; }
    std::int64_t halo() const { return ceil_to(walk_.halo(), kTileDepth); }
    std::int64_t turned_stride() const;
    std::int64_t turned_size() const { return row_blocks() * kTileBlock * turned_stride(); }
    /// Packed values of 16 columns; and how often all are packed.
    std::int64_t strip() const { return (block_ + halo()) * kTile; }
    std::int64_t pairings() const { return walk_.taps > 1 ? 2 : 1; }
    std::int64_t pairing_size() const { return 2 * column_blocks() * strip(); }

    /// The rows of 32 positions from `first` on, of x or of dy.
    void find_rows(bool of_x, const Bf16* values, std::int64_t first, const Bf16* none, Bf16* scratch,
                   const Bf16** rows) const;
    /// What is laid out for a block of `steps` steps, the turned ones first; and the parts [begin, end) of that, of a
    /// block that starts at `first`.
    std::int64_t layout_steps(std::int64_t steps) const { return steps + pairings() * (steps + halo() / kTileDepth); }
    void lay_out(const Bf16* x, const Bf16* dy, const Bf16* none, std::int64_t first, std::int64_t steps,
                 std::int64_t begin, std::int64_t end, Bf16* turned, Bf16* packed) const;
    /// sums (taps, row blocks, column blocks, 32, 32) of the tasks [begin, end) = or += those of `steps` steps.
    void add_up(const Bf16* turned, const Bf16* packed, std::int64_t steps, bool add, float* sums, std::int64_t begin,
                std::int64_t end) const;
    /// Adds up the parts' sums, in the first one, and lays them out.
    void write(float* sums, std::int64_t parts, float* dw) const;

    const TileWalk walk_;
    const bool turns_x_;
    std::int64_t positions_ = 0, block_ = 0;  // of what is turned; and how many at a time
    bool apart_ = false;                      // each thread sums up positions of its own
};

}  // namespace digits
