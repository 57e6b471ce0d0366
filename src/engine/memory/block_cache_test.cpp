#include "engine/memory/block_cache.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "engine/memory/free_ranges.hpp"

namespace digits {
namespace {

TEST(FreeRanges, TakesTheSmallestThatIsLargeEnough) {
    FreeRanges ranges;
    EXPECT_EQ(ranges.take(100), 0U);
    EXPECT_EQ(ranges.take(10), 100U);
    EXPECT_EQ(ranges.take(50), 110U);
    EXPECT_EQ(ranges.take(10), 160U);
    ranges.give(0, 100);
    ranges.give(110, 50);
    EXPECT_EQ(ranges.take(40), 110U);
    EXPECT_EQ(ranges.take(20), 0U);
    EXPECT_EQ(ranges.take(10), 150U);
    EXPECT_EQ(ranges.end(), 170U);
}

TEST(FreeRanges, JoinsNeighbours) {
    FreeRanges ranges;
    for (int i = 0; i < 4; ++i) ranges.take(10);
    ranges.give(0, 10);
    ranges.give(20, 10);
    ranges.give(10, 10);  // between both
    EXPECT_EQ(ranges.take(30), 0U);
    ranges.give(30, 10);
    EXPECT_EQ(ranges.take(25), 30U);  // the last one grows
    EXPECT_EQ(ranges.end(), 55U);
}

/// Against a plain model: no range is given out twice, and the stretch grows only when nothing fits.
TEST(FreeRanges, NeverGivesWhatIsInUse) {
    FreeRanges ranges;
    std::vector<bool> used;
    std::vector<std::pair<std::size_t, std::size_t>> held;
    std::mt19937 random(7);
    for (int i = 0; i < 20'000; ++i) {
        if (held.size() > 40 || (!held.empty() && random() % 2 == 0)) {
            const std::size_t at = random() % held.size();
            const auto [place, size] = held[at];
            for (std::size_t k = place; k < place + size; ++k) used[k] = false;
            ranges.give(place, size);
            held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
            continue;
        }
        const std::size_t size = 1 + random() % 30, before = ranges.end();
        std::size_t longest = 0, free = 0;
        for (std::size_t k = 0; k < before; ++k) longest = std::max(longest, free = used[k] ? 0 : free + 1);
        const std::size_t place = ranges.take(size);
        EXPECT_EQ(ranges.end() > before, longest < size);
        used.resize(ranges.end());
        for (std::size_t k = place; k < place + size; ++k) {
            ASSERT_FALSE(used[k]);
            used[k] = true;
        }
        held.emplace_back(place, size);
    }
}

TEST(BlockCache, GivesFreedMemoryAgain) {
    use_block_cache();
    const auto make = [](std::int64_t megabytes) { return at::empty({megabytes << 18}); };
    const void* first = make(16).data_ptr();
    const std::size_t before = block_cache_bytes();
    EXPECT_EQ(make(16).data_ptr(), first);
    EXPECT_EQ(make(14).data_ptr(), first);  // a little smaller
    EXPECT_EQ(block_cache_bytes(), before);
    make(24).fill_(1);
    EXPECT_LT(block_cache_bytes(), before + (std::size_t{9} << 20));
}

TEST(BlockCache, RefusesWhatIsTooLargeAndGoesOn) {
    use_block_cache();
    const at::Tensor kept = at::full({1 << 20}, 3.0F);
    EXPECT_ANY_THROW(at::empty({std::int64_t{1} << 45}));
    const at::Tensor next = at::full({1 << 20}, 4.0F);
    EXPECT_EQ(kept.min().item<float>() + next.max().item<float>(), 7.0F);
}

TEST(BlockCache, KeepsValuesApartAndAligned) {
    use_block_cache();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([t] {
            std::vector<at::Tensor> kept;
            for (std::int64_t i = 0; i < 200; ++i) {
                kept.push_back(at::full({1 + i * 1000}, static_cast<float>(t * 1000 + i)));
                EXPECT_EQ(reinterpret_cast<std::uintptr_t>(kept.back().data_ptr()) % 64, 0U);
                if (i % 3 == 0) kept.erase(kept.begin());
            }
            for (const auto& one : kept) EXPECT_EQ(one.min().item<float>(), one.max().item<float>());
        });
    for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace digits
