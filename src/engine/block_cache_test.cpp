#include "engine/block_cache.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace digits {
namespace {

TEST(BlockCache, GivesFreedBlocksAgain) {
    use_block_cache();
    const auto make = [](std::int64_t megabytes) { return at::empty({megabytes << 18}); };
    const void* first = make(16).data_ptr();
    const std::size_t before = block_cache_bytes();
    EXPECT_EQ(make(16).data_ptr(), first);
    EXPECT_EQ(make(14).data_ptr(), first);  // a little smaller
    EXPECT_EQ(block_cache_bytes(), before);
    make(24).fill_(1);  // grows that block
    EXPECT_LT(block_cache_bytes(), before + (std::size_t{9} << 20));
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
