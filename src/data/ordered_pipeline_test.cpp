#include "data/ordered_pipeline.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace digits {
namespace {

constexpr PipelineSize kSmall{.threads = 4, .block = 3, .blocks_ahead = 5};

TEST(OrderedPipeline, consumes_everything_in_order) {
    for (const std::uint64_t count : {0u, 1u, 3u, 1000u}) {
        std::uint64_t next = 0;
        const auto status = run_ordered<std::uint64_t>(
            count, kSmall, [](int, std::uint64_t i) { return i * i; },
            [&](std::uint64_t i, std::uint64_t square) -> Status {
                EXPECT_EQ(i, next++);
                EXPECT_EQ(square, i * i);
                return {};
            });
        EXPECT_TRUE(status);
        EXPECT_EQ(next, count);
    }
}

TEST(OrderedPipeline, stops_at_the_first_error) {
    std::uint64_t consumed = 0;
    const auto status = run_ordered<int>(
        100'000, kSmall, [](int, std::uint64_t) { return 0; },
        [&](std::uint64_t i, int) -> Status {
            ++consumed;
            return i == 7 ? Status(fail(ErrorCode::kCancelled, "enough")) : Status();
        });
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
    EXPECT_EQ(consumed, 8u);
}

TEST(OrderedPipeline, lets_exceptions_leave_when_its_threads_have_ended) {
    const auto fine = [](int, std::uint64_t) { return 0; };
    const auto consume = [](std::uint64_t, int) -> Status { return {}; };
    EXPECT_THROW(
        (void)run_ordered<int>(
            100'000, kSmall, [](int, std::uint64_t i) -> int { return i == 50 ? throw std::length_error("made") : 0; },
            consume),
        std::length_error);
    EXPECT_THROW((void)run_ordered<int>(100'000, kSmall, fine,
                                        [](std::uint64_t i, int) -> Status {
                                            if (i == 50) throw std::length_error("consumed");
                                            return {};
                                        }),
                 std::length_error);
}

}  // namespace
}  // namespace digits
