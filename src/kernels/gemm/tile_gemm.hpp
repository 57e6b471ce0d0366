#pragma once

#include <cstdint>

#include "kernels/isa/bf16.hpp"

namespace digits {

/// Products of matrices of bf16 values, summed in float, in the tiles of AMX: 16 x 16 sums over 32 inner values a step.
/// One factor is read where it lies, row by row; the other is packed into tiles of (16 pairs of inner values, 16
/// columns, 2). Elsewhere plain code gives the same sums, slowly, so that what stands on them can be tested.
inline constexpr std::int64_t kTile = 16, kTileDepth = 32, kTileSize = kTile * kTileDepth;
/// Rows and columns of the block of sums that is made at once.
inline constexpr std::int64_t kTileBlock = 2 * kTile, kTileBlockSize = kTileBlock * kTileBlock;

/// Whether this processor has AMX for bf16 and the system lets us use it, for which it is asked at the first call.
bool has_tile_products();

/// Sets up the tile registers of this thread, which it needs around sum_tiles(), and gives them back at the end.
class TileRegisters {
  public:
    TileRegisters();
    ~TileRegisters();
    TileRegisters(const TileRegisters&) = delete;
    TileRegisters& operator=(const TileRegisters&) = delete;
};

struct TileFactors {
    /// Rows, `a_stride` values apart; for each of `taps` offsets, `steps` times 32 inner values.
    const Bf16* a = nullptr;
    std::int64_t a_stride = 0;
    const std::int64_t* offsets = nullptr;
    std::int64_t taps = 1, steps = 0;
    /// Tiles in the order of steps, `b_step` values apart, and the next 16 columns `b_columns` behind.
    const Bf16* b = nullptr;
    std::int64_t b_step = kTileSize, b_columns = 0;
};

/// sums (32 x 32) = a · b, or += with `add`. 16 columns only if `narrow`; the others are left alone. All 32 rows of a
/// are read.
void sum_tiles(const TileFactors& factors, bool narrow, bool add, float* sums);

/// Packs weights: the value of inner index k (< depth) and column j (< columns) is at w[k · k_stride + j · j_stride].
/// One tile of columns, as many steps as the depth takes; what is left over is 0.
void pack_tiles(const float* w, std::int64_t k_stride, std::int64_t j_stride, std::int64_t depth, std::int64_t columns,
                Bf16* tiles);
/// Packs 32 rows, inner values, of `columns` columns: one step of all tiles of columns, these being `stride` values
/// apart.
void pack_rows(const Bf16* const* rows, std::int64_t columns, Bf16* tiles, std::int64_t stride);
/// The 32 rows as 32 columns: `columns` rows of 32 values, `stride` apart.
void turn_rows(const Bf16* const* rows, std::int64_t columns, Bf16* turned, std::int64_t stride);

/// Copies `lines` runs of `count` values, `distance` apart, one behind the other.
void copy_lines(const Bf16* from, std::int64_t distance, std::int64_t lines, std::int64_t count, Bf16* to);

/// Copies `count` floats that lie so far apart.
void copy_strided(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride, std::int64_t count);

/// Rounds the block's sums, plus `bias` unless it is nullptr, negative ones 0 with `rectify`, and writes `columns` of
/// each row i to rows[i] + first; nullptr leaves a row out.
void store_tiles(const float* sums, const float* bias, bool rectify, std::int64_t first, std::int64_t columns,
                 Bf16* const* rows);

/// For tests: what other processors run.
void use_plain_tiles(bool plain);

}  // namespace digits
