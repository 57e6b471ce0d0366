#include "models/memory_fit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace digits {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kGiga = std::int64_t{1} << 30;

MemoryNeed need_of(double needed_gb, double free_gb, double total_gb) {
    const auto bytes = [](double gb) { return static_cast<std::int64_t>(gb * static_cast<double>(kGiga)); };
    return {bytes(needed_gb), {bytes(free_gb), bytes(total_gb)}, BatchField::kBatchSize, 64, 32};
}

TEST(MemoryFitTest, JudgesByWhatIsFreeAndWhatThereIs) {
    EXPECT_EQ(judge_memory(need_of(7, 8, 24)), MemoryFit::kFits);
    EXPECT_EQ(judge_memory(need_of(9, 8, 24)), MemoryFit::kTight);
    EXPECT_EQ(judge_memory(need_of(9, 8, 8.5)), MemoryFit::kTooLarge) << "there will never be so much";
    EXPECT_EQ(judge_memory(need_of(53.5, 8.8, 24)), MemoryFit::kTooLarge);
    EXPECT_EQ(judge_memory(need_of(9, 0, 0)), MemoryFit::kFits) << "not known";
}

TEST(MemoryFitTest, RefusesWithNumbersAndAdvice) {
    auto need = need_of(53.5, 8.8, 23.4);
    need.batch_size = 100'000;
    need.largest_batch_size = 16'000;
    const auto refused = check_memory(need, true);
    ASSERT_FALSE(refused) << "start_anyway is for what is close";
    EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
    EXPECT_EQ(refused.error().where, "/batch_size");
    EXPECT_EQ(refused.error().message,
              "The training with a batch size of 100000 needs about 53.5 GB of memory; 8.8 GB of 23.4 GB are free");
    EXPECT_THAT(refused.error().advice, HasSubstr("at most 16000"));
    EXPECT_THAT(refused.error().advice, Not(HasSubstr("start_anyway")));
}

TEST(MemoryFitTest, StartsAnywayOnlyWhenItIsClose) {
    const auto tight = need_of(9, 8, 24);
    const auto refused = check_memory(tight, false);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().advice, HasSubstr("start_anyway"));
    EXPECT_TRUE(check_memory(tight, true));
    EXPECT_TRUE(check_memory(need_of(7, 8, 24), false));
}

TEST(MemoryFitTest, SaysThatNoBatchFits) {
    auto need = need_of(53.5, 8.8, 23.4);
    need.largest_batch_size.reset();
    EXPECT_THAT(check_memory(need, false).error().advice, HasSubstr("Not even a batch size of 1"));
}

TEST(MemoryFitTest, BlamesTheValidationWhereThatIsTooLarge) {
    auto need = need_of(214.1, 20.5, 23.5);
    need.field = BatchField::kValBatchSize;
    need.batch_size = 100'000;
    need.largest_batch_size = 9000;
    const auto error = check_memory(need, false).error();
    EXPECT_EQ(error.where, "/val_batch_size");
    EXPECT_THAT(error.message, HasSubstr("with a validation batch size of 100000 needs about 214.1 GB"));
    EXPECT_THAT(error.advice, HasSubstr("a validation batch size of at most 9000"));
}

/// How often a batch size is tried, too: each try describes a network.
struct Probe {
    std::int64_t base, image;
    int* count;
    std::optional<std::int64_t> operator()(int batch) const {
        ++*count;
        return base + image * batch + (batch > 100 ? 1000 : 0);
    }
};

TEST(MemoryFitTest, FindsTheLargestBatchInFewSteps) {
    for (const std::int64_t room : {110LL, 200LL, 1'000LL, 5'000LL, 100'000LL, 999'000LL}) {
        int count = 0;
        const Probe bytes_of{100, 10, &count};
        const auto found = find_largest_batch(100'000, room, bytes_of);
        ASSERT_TRUE(found) << room;
        EXPECT_LE(*bytes_of(*found), room);
        EXPECT_GT(*bytes_of(*found + std::max(8, *found / 16)), room) << room << ": " << *found;
        EXPECT_TRUE(*found < 16 || *found % 8 == 0) << *found;
        EXPECT_LE(count, 16);
    }
}

TEST(MemoryFitTest, FindsNoBatchWhereNoneFitsOrNothingIsKnown) {
    int count = 0;
    EXPECT_EQ(find_largest_batch(64, 105, Probe{100, 10, &count}), std::nullopt);
    EXPECT_EQ(find_largest_batch(64, 105, [](int) { return std::optional<std::int64_t>(); }), std::nullopt);
}

}  // namespace
}  // namespace digits
