#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "data/records/databases/lmdb.hpp"
#include "data/records/datum.hpp"
#include "feed/augment_example.hpp"
#include "feed/feed.hpp"
#include "feed/geometry.hpp"

// Boxes and masks go where the pixels of their images go.
namespace digits {
namespace {

constexpr int kSide = 48, kRows = 5, kColumns = 16, kRecords = 6;

/// Images with one bright rectangle each, its box, and its mask.
struct Scene {
    TemporaryFolder folder;
    std::filesystem::path images() const { return folder.path() / "images"; }
    std::filesystem::path boxes() const { return folder.path() / "boxes"; }
    std::filesystem::path masks() const { return folder.path() / "masks"; }

    static BoxEdges place(int i) {
        const auto n = static_cast<float>(i);
        return {8 + n, 12 - n, 26 + 2 * n, 30 + n};
    }

    Scene() {
        auto images_writer = *LmdbWriter::create(images());
        auto boxes_writer = *LmdbWriter::create(boxes());
        auto masks_writer = *LmdbWriter::create(masks());
        for (int i = 0; i < kRecords; ++i) {
            Image image, mask;
            image.reset(kSide, kSide, 1);
            mask.reset(kSide, kSide, 1);
            const auto box = place(i);
            for (int y = 0; y < kSide; ++y)
                for (int x = 0; x < kSide; ++x) {
                    const auto fx = static_cast<float>(x), fy = static_cast<float>(y);
                    const bool inside = fx >= box.left && fx < box.right && fy >= box.top && fy < box.bottom;
                    image.row(y)[x] = inside ? 200 : 20;
                    mask.row(y)[x] = inside ? static_cast<std::uint8_t>(i + 1) : 0;
                }
            std::vector<float> rows(kRows * kColumns);
            rows[0] = 1;
            rows[1] = kColumns;
            rows[kColumns] = box.left;
            rows[kColumns + 1] = box.top;
            rows[kColumns + 2] = box.right - box.left;
            rows[kColumns + 3] = box.bottom - box.top;
            rows[kColumns + 5] = static_cast<float>(i);
            const auto key = fmt::format("{:08}", i);
            EXPECT_TRUE(images_writer.put(key, raw_datum(image, 0)));
            EXPECT_TRUE(boxes_writer.put(key, float_datum({kRows, kColumns}, rows)));
            EXPECT_TRUE(masks_writer.put(key, raw_datum(mask, 0)));
        }
        EXPECT_TRUE(images_writer.finish() && boxes_writer.finish() && masks_writer.finish());
    }

    FeedOptions options(FeedRecords records, const Augmentation& augmentation) const {
        FeedOptions options;
        options.records = records;
        options.source = records == FeedRecords::kImages  ? images()
                         : records == FeedRecords::kBoxes ? boxes()
                                                          : masks();
        options.images = images();
        options.augmentation = augmentation;
        options.seed = 3;
        options.batch_size = kRecords;
        options.threads = 2;
        return options;
    }
};

std::unique_ptr<Feed> opened(const FeedOptions& options) {
    auto feed = Feed::open(options);
    EXPECT_TRUE(feed) << (feed ? "" : feed.error().to_string());
    return std::move(*feed);
}

/// Compares what a training sees over some epochs: every box lies around its bright pixels, and the mask upon them.
void expect_all_moved_together(const Augmentation& augmentation, const caffe::TransformationParameter& transform = {},
                               double slack_px = 1) {
    const Scene scene;
    const auto open = [&](FeedRecords records) {
        auto options =
            scene.options(records, records == FeedRecords::kImages ? augmentation : only_geometry(augmentation));
        options.transform = transform;
        return opened(options);
    };
    const auto images = open(FeedRecords::kImages), boxes = open(FeedRecords::kBoxes), masks = open(FeedRecords::kMask);
    int seen = 0, moved = 0;
    for (int epoch = 0; epoch < 8; ++epoch) {
        const auto image = *images->next(), box = *boxes->next(), mask = *masks->next();
        ASSERT_EQ(box.shape, (std::array<std::int64_t, 4>{kRecords, 1, kRows, kColumns}));
        ASSERT_EQ(mask.shape, image.shape);
        const std::int64_t height = image.shape[2], width = image.shape[3], pixels = height * width;
        for (int i = 0; i < kRecords; ++i) {
            const float* rows = box.data + i * kRows * kColumns;
            EXPECT_EQ(rows[2], width);
            EXPECT_EQ(rows[3], height);
            std::int64_t wrong = 0, edge = 0;
            for (std::int64_t at = 0; at < pixels; ++at) {
                const bool bright = image.data[i * pixels + at] > 110, object = mask.data[i * pixels + at] > 0;
                wrong += bright != object ? 1 : 0;
                edge += object ? 1 : 0;
            }
            EXPECT_LE(wrong, 8 + edge / 12) << "epoch " << epoch << ", image " << i;
            for (int b = 1; b <= static_cast<int>(rows[0]); ++b) {
                const float* one = rows + b * kColumns;
                ++seen;
                moved += one[0] != Scene::place(i).left ? 1 : 0;
                const auto inside = [&](std::int64_t x, std::int64_t y) {
                    const auto fx = static_cast<float>(x) + 0.5F, fy = static_cast<float>(y) + 0.5F;
                    return fx > one[0] && fx < one[0] + one[2] && fy > one[1] && fy < one[1] + one[3];
                };
                // The class of the box tells which pixels of the mask it surrounds.
                const float id = one[5] + 1;
                double left = 1e9, top = 1e9, right = -1, bottom = -1;
                for (std::int64_t y = 0; y < height; ++y)
                    for (std::int64_t x = 0; x < width; ++x)
                        if (mask.data[i * pixels + y * width + x] == id && inside(x, y)) {
                            left = std::min(left, static_cast<double>(x));
                            right = std::max(right, static_cast<double>(x + 1));
                            top = std::min(top, static_cast<double>(y));
                            bottom = std::max(bottom, static_cast<double>(y + 1));
                        }
                EXPECT_NEAR(left, one[0], slack_px) << "epoch " << epoch << ", image " << i;
                EXPECT_NEAR(top, one[1], slack_px);
                EXPECT_NEAR(right, one[0] + one[2], slack_px);
                EXPECT_NEAR(bottom, one[1] + one[3], slack_px);
            }
        }
    }
    EXPECT_GE(seen, kRecords * 4);
    EXPECT_GT(moved, seen / 5);
}

TEST(Targets, are_flipped_with_their_images) { expect_all_moved_together({.flip = FlipMode::kBoth}); }
TEST(Targets, are_turned_with_their_images) { expect_all_moved_together({.turns = TurnMode::kAll}); }
TEST(Targets, are_scaled_with_their_images) { expect_all_moved_together({.scale = 0.2}); }
TEST(Targets, are_put_into_mosaics_with_their_images) { expect_all_moved_together({.mosaic = 1}); }
TEST(Targets, are_put_into_mosaics_of_flipped_and_turned_images) {
    expect_all_moved_together(
        {.flip = FlipMode::kBoth, .turns = TurnMode::kAll, .contrast = 0.1, .value = 0.02, .mosaic = 0.5});
}

TEST(Targets, are_cropped_and_mirrored_with_their_images) {
    caffe::TransformationParameter transform;
    transform.set_crop_size(36);
    transform.set_mirror(true);
    expect_all_moved_together({}, transform);
}

TEST(Targets, of_a_turned_image_have_the_box_around_what_is_turned) {
    // A rectangle of 18 x 18 turned by less than 10 degrees is at most 21 wide.
    const Scene scene;
    const auto feed = opened(scene.options(FeedRecords::kBoxes, {.rotation = 10}));
    for (int epoch = 0; epoch < 4; ++epoch) {
        const auto batch = *feed->next();
        EXPECT_GE(batch.data[kColumns + 2], 18);
        EXPECT_LE(batch.data[kColumns + 2], 22);
    }
}

TEST(Targets, keep_their_boxes_where_nothing_moves) {
    const Scene scene;
    const auto feed = opened(scene.options(FeedRecords::kBoxes, {}));
    const auto batch = *feed->next();
    EXPECT_THAT(std::vector<float>(batch.data, batch.data + 4), testing::ElementsAre(1, 16, kSide, kSide));
    EXPECT_THAT(std::vector<float>(batch.data + kColumns, batch.data + kColumns + 6),
                testing::ElementsAre(8, 12, 18, 18, 0, 0));
}

TEST(Targets, of_images_of_several_sizes_come_one_by_one) {
    const TemporaryFolder folder;
    const auto images = folder.path() / "images", boxes = folder.path() / "boxes";
    {
        auto images_writer = *LmdbWriter::create(images), boxes_writer = *LmdbWriter::create(boxes);
        for (const int side : {20, 30}) {
            Image image;
            image.reset(side, side + 4, 1);
            std::vector<float> rows(2 * kColumns);
            rows[0] = 1;
            rows[kColumns + 2] = rows[kColumns + 3] = 5;
            EXPECT_TRUE(images_writer.put(fmt::format("{}", side), raw_datum(image, 0)));
            EXPECT_TRUE(boxes_writer.put(fmt::format("{}", side), float_datum({2, kColumns}, rows)));
        }
        EXPECT_TRUE(images_writer.finish() && boxes_writer.finish());
    }
    FeedOptions options;
    options.records = FeedRecords::kBoxes;
    options.source = boxes;
    options.images = images;
    const auto feed = opened(options);
    for (const int side : {20, 30, 20}) {
        const auto batch = *feed->next();
        EXPECT_EQ(batch.data[2], side);
        EXPECT_EQ(batch.data[3], side + 4);
    }
}

TEST(Targets, are_previewed_as_they_are_trained_on) {
    const Scene scene;
    AugmentExampleOptions options;
    options.database = scene.images();
    options.targets = scene.boxes();
    options.augmentation = {.flip = FlipMode::kBoth, .mosaic = 0.5};
    options.seed = 3;
    options.images = kRecords;
    options.variants = 2;
    const auto shown = augment_example(options);
    ASSERT_TRUE(shown) << shown.error().to_string();
    const auto feed = opened(scene.options(FeedRecords::kBoxes, options.augmentation));
    for (std::size_t epoch = 0; epoch < 2; ++epoch) {
        const auto batch = *feed->next();
        for (std::size_t i = 0; i < kRecords; ++i) {
            const auto& target = (*shown)["images"][i]["variant_targets"][epoch];
            const float* rows = batch.data + i * kRows * kColumns;
            ASSERT_EQ(target["boxes"].size(), static_cast<std::size_t>(rows[0]));
            EXPECT_EQ(target["width"], kSide);
            if (rows[0] == 0) continue;
            EXPECT_EQ(target["boxes"][0]["left"], rows[kColumns]);
            EXPECT_EQ(target["boxes"][0]["class"], static_cast<int>(rows[kColumns + 5]));
        }
    }
    options.targets = scene.masks();
    options.target_records = FeedRecords::kMask;
    const auto masks = augment_example(options);
    ASSERT_TRUE(masks) << masks.error().to_string();
    EXPECT_EQ((*masks)["images"][0]["variant_targets"].size(), 2U);
    EXPECT_THAT((*masks)["images"][0]["original_target"]["mask"], testing::StartsWith("data:image/png"));
}

TEST(Targets, refuse_records_that_are_no_boxes) {
    const Scene scene;
    auto options = scene.options(FeedRecords::kBoxes, {});
    options.source = scene.masks();
    const auto feed = Feed::open(options);
    ASSERT_FALSE(feed);
    EXPECT_THAT(feed.error().to_string(), testing::HasSubstr("boxes must have one channel"));
}

TEST(MovedBox, is_left_out_when_little_of_it_remains) {
    Piece piece{0, 0, 20, 20, std::nullopt, {}};
    piece.source.x0 = 15;  // the image shows what lies 15 pixels further right
    EXPECT_FALSE(moved_box({0, 0, 18, 10}, piece)) << "3 of 18 columns";
    const auto kept = moved_box({10, 2, 25, 8}, piece);
    ASSERT_TRUE(kept);
    EXPECT_EQ(*kept, (BoxEdges{0, 2, 10, 8}));
}

}  // namespace
}  // namespace digits
