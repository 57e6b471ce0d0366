#include "kernels/gemm/tile_gemm.hpp"

#include <array>

#include "kernels/conformance/conformance.hpp"

namespace digits {
namespace {

/// fp32 sums of products of bf16 values, which are exact.
constexpr double kTolerance = 2e-6;

class TileGemm : public Kernels {};

TEST_P(TileGemm, SumsTapsAndSteps) {
    for (const bool narrow : {false, true})
        for (const bool accumulate : {false, true})
            for (const std::int64_t taps : {1, 3})
                for (const std::int64_t steps : {1, 2}) {
                    const std::int64_t depth = steps * kTileDepth, stride = depth + 5,
                                       columns = narrow ? kTile : kTileBlock;
                    const std::array<std::int64_t, 3> offsets{0, 2 * stride, 1};
                    const auto a = random_values<Bf16>((kTileBlock - 1 + 2) * stride + depth + 1, 1);
                    // (taps · depth) x columns.
                    const auto w = random_values<float>(taps * depth * columns, 2);
                    Buffer<Bf16> b(2 * taps * steps * kTileSize);
                    const std::int64_t b_columns = taps * steps * kTileSize;
                    for (std::int64_t column = 0; column < columns; column += kTile)
                        for (std::int64_t tap = 0; tap < taps; ++tap)
                            pack_tile_weights(w.data() + tap * depth * columns + column, columns, 1, depth,
                                              columns - column,
                                              b.data() + column / kTile * b_columns + tap * steps * kTileSize);
                    const auto start = random_values<float>(kTileBlockSize, 3);
                    Buffer<float> sums(kTileBlockSize);
                    std::copy_n(start.data(), start.size(), sums.data());
                    {
                        const TileRegisters registers;
                        tile_gemm({a.data(), stride, offsets.data(), taps, steps, b.data(), kTileSize, b_columns},
                                  narrow, accumulate, sums.data());
                    }
                    Expected expected(kTileBlockSize);
                    for (std::int64_t i = 0; i < kTileBlock; ++i)
                        for (std::int64_t j = 0; j < kTileBlock; ++j) {
                            const std::int64_t at = i * kTileBlock + j;
                            if (accumulate || j >= columns) expected.add(at, start.value(at));
                            if (j >= columns) continue;
                            for (std::int64_t tap = 0; tap < taps; ++tap)
                                for (std::int64_t k = 0; k < depth; ++k) {
                                    Bf16 weight;
                                    store(weight, w[(tap * depth + k) * columns + j]);
                                    expected.add(at, a.value(offsets[static_cast<std::size_t>(tap)] + i * stride + k) *
                                                         static_cast<double>(load(weight)));
                                }
                        }
                    ASSERT_NO_FATAL_FAILURE(expect_close(sums, expected, kTolerance));
                }
}

TEST_P(TileGemm, PacksWeights) {
    for (const std::int64_t depth : {1, 2, 31, 32, 33, 65})
        for (const std::int64_t columns : {1, 15, 16}) {
            const std::int64_t k_stride = 3, j_stride = 3 * depth;
            const auto w = random_values<float>((columns - 1) * j_stride + (depth - 1) * k_stride + 1, 1);
            Buffer<Bf16> tiles(ceil_to(depth, kTileDepth) / kTileDepth * kTileSize);
            pack_tile_weights(w.data(), k_stride, j_stride, depth, columns, tiles.data());
            for (std::int64_t k = 0; k < ceil_to(depth, kTileDepth); ++k)
                for (std::int64_t j = 0; j < kTile; ++j) {
                    Bf16 want;
                    if (k < depth && j < columns) store(want, w[k * k_stride + j * j_stride]);
                    ASSERT_EQ(tiles[k / kTileDepth * kTileSize + k % kTileDepth / 2 * 32 + j * 2 + k % 2].bits,
                              want.bits);
                }
        }
}

TEST_P(TileGemm, PacksAndTransposesRows) {
    for (const std::int64_t columns : {1, 15, 16, 17, 31, 32, 33, 50}) {
        std::vector<Buffer<Bf16>> rows;
        std::array<const Bf16*, kTileDepth> pointers;
        for (std::size_t k = 0; k < kTileDepth; ++k) {
            rows.push_back(random_values<Bf16>(columns, static_cast<unsigned>(k)));
            pointers[k] = rows[k].data();
        }
        const std::int64_t tiles_count = ceil_to(columns, kTile) / kTile, stride = kTileSize + 8;
        Buffer<Bf16> tiles((tiles_count - 1) * stride + kTileSize), transposed((columns - 1) * 40 + kTileDepth);
        pack_tile_rows(pointers.data(), columns, tiles.data(), stride);
        transpose_tile_rows(pointers.data(), columns, transposed.data(), 40);
        for (std::int64_t k = 0; k < kTileDepth; ++k)
            for (std::int64_t j = 0; j < ceil_to(columns, kTile); ++j) {
                const auto want = j < columns ? rows[static_cast<std::size_t>(k)][j].bits : 0;
                ASSERT_EQ(tiles[j / kTile * stride + k / 2 * 32 + j % kTile * 2 + k % 2].bits, want);
                if (j >= columns) continue;
                ASSERT_EQ(transposed[j * 40 + k].bits, want);
            }
    }
}

TEST_P(TileGemm, CopiesLinesAndStrides) {
    for (const std::int64_t count : {1, 16, 17, 31, 32, 33, 70}) {
        const auto from = random_values<Bf16>(2 * 80 + count, 1);
        Buffer<Bf16> to(3 * count);
        copy_lines(from.data(), 80, 3, count, to.data());
        for (std::int64_t i = 0; i < to.size(); ++i) ASSERT_EQ(to[i].bits, from[i / count * 80 + i % count].bits);
        for (const std::int64_t from_stride : {1, 3})
            for (const std::int64_t to_stride : {1, 5}) {
                const auto floats = random_values<float>((count - 1) * from_stride + 1, 2);
                Buffer<float> copied((count - 1) * to_stride + 1);
                copy_strided(floats.data(), from_stride, copied.data(), to_stride, count);
                for (std::int64_t i = 0; i < count; ++i) ASSERT_EQ(copied[i * to_stride], floats[i * from_stride]);
            }
    }
}

TEST_P(TileGemm, StoresBlocks) {
    const auto sums = random_values<float>(kTileBlockSize, 1);
    for (const std::int64_t columns : {1, 15, 16, 17, 31, 32})
        for (const bool relu : {false, true})
            for (const bool with_bias : {false, true}) {
                const auto bias = random_values<float>(columns, 2);
                Buffer<Bf16> y(kTileBlock * (columns + 3));
                std::array<Bf16*, kTileBlock> rows;
                for (std::int64_t i = 0; i < kTileBlock; ++i)
                    rows[static_cast<std::size_t>(i)] = i % 5 == 3 ? nullptr : y.data() + i * (columns + 3);
                store_tile_block(sums.data(), with_bias ? bias.data() : nullptr, relu, 3, columns, rows.data());
                for (std::int64_t i = 0; i < kTileBlock; ++i)
                    for (std::int64_t j = 0; j < columns + 3; ++j) {
                        Bf16 want{0x7FC0};  // not written
                        if (i % 5 != 3 && j >= 3) {
                            const float sum = sums[i * kTileBlock + j - 3] + (with_bias ? bias[j - 3] : 0.0F);
                            store(want, relu && sum < 0 ? 0.0F : sum);
                        }
                        ASSERT_EQ(y[i * (columns + 3) + j].bits, want.bits) << i << ", " << j;
                    }
            }
}
DIGITS_CONFORMANCE_ALL(TileGemm);

TEST(InstructionSets, IncludeOneAnotherAndObeyTheLimit) {
    EXPECT_TRUE(has_instruction_set(InstructionSet::kBaseline));
    for (std::size_t i = 1; i < std::size(kInstructionSets); ++i)
        EXPECT_LE(has_instruction_set(kInstructionSets[i]), has_instruction_set(kInstructionSets[i - 1]));
    for (const InstructionSet limit : kInstructionSets) {
        limit_instruction_set(limit);
        for (const InstructionSet set : kInstructionSets)
            EXPECT_TRUE(set <= limit || !has_instruction_set(set)) << instruction_set_name(set);
    }
    limit_instruction_set(InstructionSet::kAmx);
}

TEST(Bf16Conversion, RoundsToTheNearestAndTiesToEven) {
    const auto rounded = [](std::uint32_t bits) {
        Bf16 value;
        store(value, std::bit_cast<float>(bits));
        return value.bits;
    };
    EXPECT_EQ(rounded(0x3F800000), 0x3F80);  // 1
    EXPECT_EQ(rounded(0x3F807FFF), 0x3F80);
    EXPECT_EQ(rounded(0x3F808000), 0x3F80);  // ties
    EXPECT_EQ(rounded(0x3F818000), 0x3F82);
    EXPECT_EQ(rounded(0x3F808001), 0x3F81);
    EXPECT_EQ(rounded(0x7F7FFFFF), 0x7F80);  // to infinity
    EXPECT_EQ(rounded(0x7F800001), 0x7FC0);  // NaN stays NaN
    EXPECT_EQ(rounded(0x80000000), 0x8000);
}

}  // namespace
}  // namespace digits
