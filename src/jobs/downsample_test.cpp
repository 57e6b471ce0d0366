#include "jobs/downsample.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace digits {
namespace {

std::vector<MetricPoint> line(std::size_t count) {
    std::vector<MetricPoint> points;
    for (std::size_t i = 0; i < count; ++i) points.push_back({static_cast<std::int64_t>(i) * 10, 0, 1});
    return points;
}

TEST(DownsampleTest, LeavesShortSeriesAlone) {
    EXPECT_EQ(downsample({}, 5).size(), 0u);
    EXPECT_EQ(downsample(line(5), 5).size(), 5u);
    EXPECT_EQ(downsample(line(1000), 0).size(), 1000u) << "0 means all of them";
}

TEST(DownsampleTest, KeepsTheEndsAndTheOrderAtEveryLength) {
    for (const std::size_t count : {2u, 3u, 4u, 7u, 100u, 1001u})
        for (const std::size_t wanted : {1u, 2u, 3u, 4u, 5u, 99u, 100u}) {
            const auto kept = downsample(line(count), wanted);
            ASSERT_EQ(kept.size(), std::min(count, wanted)) << count << " to " << wanted;
            EXPECT_EQ(kept.back().iteration, static_cast<std::int64_t>(count - 1) * 10);
            if (wanted > 1) {
                EXPECT_EQ(kept.front().iteration, 0);
            }
            EXPECT_TRUE(std::ranges::is_sorted(kept, std::ranges::less_equal{}, &MetricPoint::iteration))
                << "no point twice, " << count << " to " << wanted;
        }
}

TEST(DownsampleTest, KeepsALonePeak) {
    auto points = line(10000);
    points[6789].value = 50;
    const auto kept = downsample(points, 20);
    EXPECT_EQ(std::ranges::max(kept, {}, &MetricPoint::value).iteration, 67890);
}

}  // namespace
}  // namespace digits
