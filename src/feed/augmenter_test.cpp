#include "feed/augmenter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>

#include "base/file.hpp"
#include "data/records/databases/lmdb.hpp"
#include "data/records/datum.hpp"
#include "feed/feed.hpp"

namespace digits {
namespace {

using Planes = std::vector<std::uint8_t>;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t kTries = 400;

Planes varied(const Augmentation& augmentation, const Planes& planes, int channels, int side, std::uint64_t index,
              std::uint64_t seed = 1) {
    const auto augmenter = Augmenter::create(augmentation, seed, channels, side, side);
    EXPECT_TRUE(augmenter) << augmenter.error().to_string();
    Augmenter::Scratch scratch;
    const auto* result = augmenter->apply(planes.data(), index, scratch);
    return {result, result + planes.size()};
}

std::set<Planes> all_variants(const Augmentation& augmentation, const Planes& planes, int side) {
    std::set<Planes> found;
    for (std::uint64_t i = 0; i < kTries; ++i) found.insert(varied(augmentation, planes, 1, side, i));
    return found;
}

/// 1 2
/// 3 4
const Planes kSquare{1, 2, 3, 4};

TEST(Augmenter, without_choices_gives_the_image_itself) {
    const Planes planes{9, 8, 7, 6};
    const auto augmenter = *Augmenter::create({}, 1, 1, 2, 2);
    Augmenter::Scratch scratch;
    EXPECT_EQ(augmenter.apply(planes.data(), 5, scratch), planes.data());
}

TEST(Augmenter, flips_and_turns_give_exactly_the_images_that_they_can_give) {
    using Set = std::set<Planes>;
    EXPECT_EQ(all_variants({.flip = FlipMode::kHorizontal}, kSquare, 2), (Set{{1, 2, 3, 4}, {2, 1, 4, 3}}));
    EXPECT_EQ(all_variants({.flip = FlipMode::kVertical}, kSquare, 2), (Set{{1, 2, 3, 4}, {3, 4, 1, 2}}));
    EXPECT_EQ(all_variants({.flip = FlipMode::kBoth}, kSquare, 2),
              (Set{{1, 2, 3, 4}, {2, 1, 4, 3}, {3, 4, 1, 2}, {4, 3, 2, 1}}));
    EXPECT_EQ(all_variants({.turns = TurnMode::kHalf}, kSquare, 2), (Set{{1, 2, 3, 4}, {4, 3, 2, 1}}));
    EXPECT_EQ(all_variants({.turns = TurnMode::kQuarter}, kSquare, 2), (Set{{1, 2, 3, 4}, {3, 1, 4, 2}, {2, 4, 1, 3}}));
    EXPECT_EQ(all_variants({.turns = TurnMode::kAll}, kSquare, 2),
              (Set{{1, 2, 3, 4}, {3, 1, 4, 2}, {2, 4, 1, 3}, {4, 3, 2, 1}}));
}

TEST(Augmenter, a_variant_follows_from_seed_and_record_number_alone) {
    Planes planes(3 * 16 * 16);
    std::iota(planes.begin(), planes.end(), std::uint8_t{0});
    const Augmentation all{FlipMode::kBoth, TurnMode::kAll, 20, 0.1, 0.05, 0.5, 0.1, 0.1, 0.1};
    EXPECT_EQ(varied(all, planes, 3, 16, 7), varied(all, planes, 3, 16, 7));
    EXPECT_NE(varied(all, planes, 3, 16, 7), varied(all, planes, 3, 16, 8));
    EXPECT_NE(varied(all, planes, 3, 16, 7, 1), varied(all, planes, 3, 16, 7, 2));
}

TEST(Augmenter, one_change_leaves_the_others_as_they_were) {
    const Augmentation flip{.flip = FlipMode::kHorizontal};
    const Augmentation both{.flip = FlipMode::kHorizontal, .value = 1e-9};
    for (std::uint64_t i = 0; i < 50; ++i)
        EXPECT_EQ(varied(flip, kSquare, 1, 2, i), varied(both, kSquare, 1, 2, i)) << i;
}

TEST(Augmenter, rotation_keeps_the_middle_and_moves_the_rim) {
    constexpr int kSide = 15;
    Planes planes(kSide * kSide, 0);
    planes[7 * kSide + 7] = 200;
    planes[7 * kSide + 14] = 200;
    int moved = 0;
    for (std::uint64_t i = 0; i < 50; ++i) {
        const auto turned = varied({.rotation = 90}, planes, 1, kSide, i);
        EXPECT_EQ(turned[7 * kSide + 7], 200);
        moved += turned[7 * kSide + 14] != 200 ? 1 : 0;
    }
    EXPECT_GT(moved, 40);
}

TEST(Augmenter, noise_has_the_deviation_that_was_asked_for) {
    const Planes planes(64 * 64, 128);
    const auto noisy = varied({.noise = 0.05}, planes, 1, 64, 3);
    double sum = 0, squares = 0;
    for (const auto sample : noisy) {
        sum += sample - 128.0;
        squares += (sample - 128.0) * (sample - 128.0);
    }
    const double count = static_cast<double>(noisy.size());
    EXPECT_NEAR(sum / count, 0, 0.7);
    EXPECT_NEAR(std::sqrt(squares / count), 0.05 * 255, 0.6);
}

TEST(Augmenter, contrast_stays_within_its_limits_about_the_mean) {
    const Planes planes{100, 140, 100, 140};
    double least = 1e9, most = 0;
    for (std::uint64_t i = 0; i < kTries; ++i) {
        const auto changed = varied({.contrast = 0.5}, planes, 1, 2, i);
        EXPECT_NEAR((changed[0] + changed[1]) / 2.0, 120, 1);
        least = std::min(least, changed[1] - 120.0);
        most = std::max(most, changed[1] - 120.0);
    }
    EXPECT_NEAR(least, 20 / 1.5, 1);
    EXPECT_NEAR(most, 20 * 1.5, 1);
}

TEST(Augmenter, erasing_covers_one_rectangle_as_often_as_asked) {
    constexpr int kSide = 20;
    Planes planes(kSide * kSide);
    for (std::size_t i = 0; i < planes.size(); ++i) planes[i] = i % 2 == 0 ? 0 : 200;
    int erased = 0;
    for (std::uint64_t index = 0; index < kTries; ++index) {
        const auto changed = varied({.erasing = 0.25}, planes, 1, kSide, index);
        int left = kSide, right = -1, top = kSide, bottom = -1, count = 0;
        for (int y = 0; y < kSide; ++y)
            for (int x = 0; x < kSide; ++x) {
                const auto at = static_cast<std::size_t>(y * kSide + x);
                if (changed[at] == planes[at]) continue;
                EXPECT_EQ(changed[at], 100) << "the mean";
                left = std::min(left, x), right = std::max(right, x), top = std::min(top, y),
                bottom = std::max(bottom, y);
                ++count;
            }
        if (count == 0) continue;
        ++erased;
        EXPECT_EQ(count, (right - left + 1) * (bottom - top + 1)) << "a whole rectangle";
        EXPECT_GE(count, 0.01 * kSide * kSide);
        EXPECT_LE(count, 0.4 * kSide * kSide);
    }
    EXPECT_NEAR(erased, 0.25 * static_cast<double>(kTries), 4 * std::sqrt(0.1875 * static_cast<double>(kTries)));
}

TEST(Augmenter, hue_turns_colours_and_leaves_grey_alone) {
    // Planes of B, G, R: pure red, grey.
    const Planes planes{0, 90, 90, 90, 0, 90, 90, 90, 255, 90, 90, 90};
    bool turned = false;
    for (std::uint64_t i = 0; i < 20; ++i) {
        const auto changed = varied({.hue = 0.2}, planes, 3, 2, i);
        for (const std::size_t grey : {1u, 2u, 3u})
            EXPECT_THAT((std::vector<int>{changed[grey], changed[4 + grey], changed[8 + grey]}),
                        ElementsAre(90, 90, 90));
        EXPECT_EQ(std::max({changed[0], changed[4], changed[8]}), 255) << "its brightness stays";
        turned = turned || changed[0] > 0 || changed[4] > 0;
    }
    EXPECT_TRUE(turned);
}

TEST(Augmenter, refuses_what_the_images_cannot_have) {
    const auto turn = Augmenter::create({.turns = TurnMode::kQuarter}, 1, 3, 4, 5);
    ASSERT_FALSE(turn);
    EXPECT_EQ(turn.error().where, "/augmentation/turns");
    EXPECT_TRUE(Augmenter::create({.turns = TurnMode::kHalf}, 1, 3, 4, 5));
    const auto hue = Augmenter::create({.hue = 0.1}, 1, 1, 4, 4);
    ASSERT_FALSE(hue);
    EXPECT_EQ(hue.error().where, "/augmentation/hue");
}

TEST(Augmenter, the_file_of_a_training_is_read_and_its_faults_are_named) {
    const TemporaryFolder folder;
    EXPECT_TRUE(read_augmentation(folder.path())->changes_nothing());
    const auto path = folder.path() / kAugmentationFile;
    ASSERT_TRUE(write_file_atomic(path, R"({"flip": "both", "rotation": 10})"));
    const auto read = read_augmentation(folder.path());
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(*read, (Augmentation{.flip = FlipMode::kBoth, .rotation = 10}));
    ASSERT_TRUE(write_file_atomic(path, R"({"rotation": 400})"));
    const auto faulty = read_augmentation(folder.path());
    ASSERT_FALSE(faulty);
    EXPECT_EQ(faulty.error().where, path.string());
    EXPECT_THAT(faulty.error().message, HasSubstr("/rotation"));
}

/// A feed that starts later gives what one from the beginning gives, whatever the threads.
TEST(Augmenter, a_feed_that_is_taken_up_again_varies_alike) {
    const TemporaryFolder folder;
    auto writer = *LmdbWriter::create(folder.path() / "db");
    for (int i = 0; i < 5; ++i) {
        Image image;
        image.reset(6, 6, 3);
        for (std::size_t k = 0; k < image.pixels.size(); ++k)
            image.pixels[k] = static_cast<std::uint8_t>(k * 2 + static_cast<std::size_t>(i) * 31);
        ASSERT_TRUE(writer.put(fmt::format("{:08}", i), raw_datum(image, i)));
    }
    ASSERT_TRUE(writer.finish());
    FeedOptions options{.source = folder.path() / "db", .batch_size = 3, .threads = 3};
    options.augmentation = {FlipMode::kHorizontal, TurnMode::kAll, 15, 0.1, 0.02, 0.3, 0.05, 0.1, 0.1};
    options.transform.set_crop_size(4);
    options.seed = 11;
    const auto batch_of = [](Feed& feed) {
        const auto batch = *feed.next();
        return std::vector<float>(batch.data, batch.data + 3 * 3 * 4 * 4);
    };
    auto whole = *Feed::open(options);
    std::vector<std::vector<float>> all;
    for (int i = 0; i < 8; ++i) all.push_back(batch_of(*whole));
    options.first_batch = 5;
    options.threads = 1;
    auto later = *Feed::open(options);
    for (std::size_t i = 5; i < 8; ++i) EXPECT_EQ(batch_of(*later), all[i]) << i;
    EXPECT_NE(all[0], all[5]) << "the second time the same images are varied otherwise";
}

}  // namespace
}  // namespace digits
