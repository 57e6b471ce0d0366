#pragma once

#include <cstdint>

#include "kernels/isa/bf16.hpp"

namespace digits {

/// GEMM of bf16 values with fp32 sums in the tiles of AMX: 16 x 16 sums, 32 values of the inner dimension a step. A is
/// read where it is, row by row; B is packed into tiles of (16 pairs of inner values, 16 columns, 2). Without AMX plain
/// code gives the same results slowly; it is there for tests.
inline constexpr std::int64_t kTile = 16, kTileDepth = 32, kTileSize = kTile * kTileDepth;
/// Rows and columns of the block of sums that tile_gemm() computes.
inline constexpr std::int64_t kTileBlock = 2 * kTile, kTileBlockSize = kTileBlock * kTileBlock;

constexpr std::int64_t ceil_to(std::int64_t value, std::int64_t unit) { return (value + unit - 1) / unit * unit; }

/// Configures the tile registers of this thread; tile_gemm() must be called within its lifetime.
class TileRegisters {
  public:
    TileRegisters();
    ~TileRegisters();
    TileRegisters(const TileRegisters&) = delete;
    TileRegisters& operator=(const TileRegisters&) = delete;
};

struct TileOperands {
    /// 32 rows, `a_stride` values apart. Each of `taps` offsets gives a part of the inner dimension, `steps` times 32
    /// values long.
    const Bf16* a = nullptr;
    std::int64_t a_stride = 0;
    const std::int64_t* offsets = nullptr;
    std::int64_t taps = 1, steps = 0;
    /// Tiles in the order of steps, `b_step` values apart; those of the next 16 columns are `b_columns` values further.
    const Bf16* b = nullptr;
    std::int64_t b_step = kTileSize, b_columns = 0;
};

/// sums (32 x 32) = A · B, or += with `accumulate`. With `narrow` only the first 16 columns are computed and written.
void tile_gemm(const TileOperands& operands, bool narrow, bool accumulate, float* sums);

/// Packs weights into one column of tiles: inner index k (< depth), column j (< columns) is at w[k · k_stride +
/// j · j_stride]. Writes ceil(depth / 32) tiles, padded with zeros.
void pack_tile_weights(const float* w, std::int64_t k_stride, std::int64_t j_stride, std::int64_t depth,
                       std::int64_t columns, Bf16* tiles);
/// Packs 32 rows, which are inner values, of `columns` columns: one step of ceil(columns / 16) tiles, `stride` values
/// apart.
void pack_tile_rows(const Bf16* const* rows, std::int64_t columns, Bf16* tiles, std::int64_t stride);
/// Transposes 32 rows of `columns` values into `columns` rows of 32 values, `stride` apart.
void transpose_tile_rows(const Bf16* const* rows, std::int64_t columns, Bf16* transposed, std::int64_t stride);

/// Copies `lines` runs of `count` values, `distance` apart, to contiguous memory.
void copy_lines(const Bf16* from, std::int64_t distance, std::int64_t lines, std::int64_t count, Bf16* to);

/// Copies `count` floats between strides.
void copy_strided(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride, std::int64_t count);

/// The epilogue of tile_gemm(): sums plus bias (nullptr: none), then ReLU if `relu`, rounded to bf16. `columns` values
/// of row i go to rows[i] + first; nullptr skips a row.
void store_tile_block(const float* sums, const float* bias, bool relu, std::int64_t first, std::int64_t columns,
                      Bf16* const* rows);

}  // namespace digits
