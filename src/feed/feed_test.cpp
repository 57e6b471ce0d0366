#include "feed/feed.hpp"

#include <gtest/gtest.h>

#include <map>

#include "base/file.hpp"
#include "data/records/databases/lmdb.hpp"
#include "data/records/databases/testing_leveldb.hpp"
#include "data/records/datum.hpp"
#include "data/records/mean.hpp"
#include "feed/transformer.hpp"
#include "image/encode.hpp"

namespace digits {
namespace {

/// Sample x, y, c of image i; all of one image differ.
std::uint8_t sample(int i, int x, int y, int c) {
    return static_cast<std::uint8_t>((i * 31 + x * 3 + y * 17 + c * 80) % 256);
}

Image make_image(int i, int width, int height, int channels) {
    Image image;
    image.reset(width, height, channels);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < channels; ++c) image.row(y)[x * channels + c] = sample(i, x, y, c);
    return image;
}

enum class Storage { kRaw, kPng };

struct Database {
    TemporaryFolder folder;
    std::filesystem::path path() const { return folder.path() / "db"; }

    Database(int count, int width, int height, int channels, Storage storage = Storage::kRaw) {
        auto writer = *LmdbWriter::create(path());
        for (int i = 0; i < count; ++i) {
            const auto image = make_image(i, width, height, channels);
            auto datum = storage == Storage::kRaw ? raw_datum(image, i) : encoded_datum(image, *encode_png(image), i);
            EXPECT_TRUE(writer.put(fmt::format("{:08}_{}", i, i), std::move(datum)));
        }
        EXPECT_TRUE(writer.finish());
    }
};

std::unique_ptr<Feed> opened(const FeedOptions& options) {
    auto feed = Feed::open(options);
    EXPECT_TRUE(feed) << (feed ? "" : feed.error().to_string());
    return std::move(*feed);
}

std::vector<float> values_of(const FeedBatch& batch) {
    return {batch.data, batch.data + batch.shape[0] * batch.shape[1] * batch.shape[2] * batch.shape[3]};
}

std::vector<std::vector<float>> batches(const FeedOptions& options, int count) {
    auto feed = opened(options);
    std::vector<std::vector<float>> all;
    for (int i = 0; i < count; ++i) all.push_back(values_of(*feed->next()));
    return all;
}

std::vector<int> labels_of(Feed& feed, int batches) {
    std::vector<int> labels;
    for (int b = 0; b < batches; ++b) {
        const auto batch = *feed.next();
        for (std::int64_t i = 0; i < batch.shape[0]; ++i) labels.push_back(static_cast<int>(batch.labels[i]));
    }
    return labels;
}

TEST(Feed, ends_each_round_as_it_is_told) {
    const Database db(7, 5, 4, 3, Storage::kPng);
    const std::map<RoundEnd, std::vector<int>> expected{
        {RoundEnd::kWrap, {0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3}},
        {RoundEnd::kShorten, {0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6}},
        {RoundEnd::kFill, {0, 1, 2, 3, 4, 5, 6, 0, 1, 0, 1, 2, 3, 4, 5, 6, 0, 1}}};
    for (const int threads : {1, 3})
        for (const auto& [end, labels] : expected) {
            auto feed = opened({.source = db.path(), .batch_size = 3, .threads = threads, .round_end = end});
            EXPECT_EQ(labels_of(*feed, 6), labels) << static_cast<int>(end);
        }
    auto feed = opened({.source = db.path(), .batch_size = 3, .round_end = RoundEnd::kShorten});
    EXPECT_EQ(feed->rounds().batches(), 3u);
    EXPECT_EQ(feed->next()->shape, (std::array<std::int64_t, 4>{3, 3, 4, 5}));
    ASSERT_TRUE(feed->next());
    const auto last = *feed->next();
    EXPECT_EQ(last.shape, (std::array<std::int64_t, 4>{1, 3, 4, 5}));
    EXPECT_EQ(last.data[0], sample(6, 0, 0, 2));
    auto behind = opened({.source = db.path(), .batch_size = 9, .round_end = RoundEnd::kShorten});
    EXPECT_EQ(behind->next()->shape[0], 7) << "a batch larger than the set";
    auto later = opened({.source = db.path(), .batch_size = 3, .first_batch = 4, .round_end = RoundEnd::kShorten});
    EXPECT_EQ(labels_of(*later, 2), (std::vector<int>{3, 4, 5, 6}));
}

TEST(Feed, goes_round_the_records_in_key_order) {
    const Database db(7, 5, 4, 3);
    auto feed = opened({.source = db.path(), .batch_size = 3, .threads = 2});
    EXPECT_EQ(feed->shape(), (std::array<std::int64_t, 4>{3, 3, 4, 5}));
    EXPECT_EQ(feed->record_count(), 7u);
    for (int b = 0; b < 20; ++b) {
        const auto batch = feed->next();
        ASSERT_TRUE(batch);
        for (int i = 0; i < 3; ++i) {
            const int record = (b * 3 + i) % 7;
            EXPECT_EQ(batch->labels[i], static_cast<float>(record));
            for (int c = 0; c < 3; ++c)
                for (int y = 0; y < 4; ++y)
                    for (int x = 0; x < 5; ++x)
                        ASSERT_EQ(batch->data[((i * 3 + c) * 4 + y) * 5 + x], sample(record, x, y, 2 - c))
                            << "planes are B, G, R";
        }
    }
}

TEST(Feed, a_batch_may_be_larger_than_the_database) {
    for (const auto storage : {Storage::kRaw, Storage::kPng}) {
        const Database db(3, 5, 4, 1, storage);
        auto feed = opened({.source = db.path(), .batch_size = 10, .threads = 3});
        for (int b = 0; b < 5; ++b) {
            const auto batch = feed->next();
            for (int i = 0; i < 10; ++i) {
                EXPECT_EQ(batch->labels[i], static_cast<float>((b * 10 + i) % 3));
                EXPECT_EQ(batch->data[i * 20], sample((b * 10 + i) % 3, 0, 0, 0));
            }
        }
    }
}

TEST(Feed, encoded_records_give_what_raw_ones_give) {
    const Database raw(6, 9, 8, 3);
    const Database png(6, 9, 8, 3, Storage::kPng);
    FeedOptions options{.source = raw.path(), .batch_size = 4};
    options.transform.set_crop_size(5);
    options.transform.set_mirror(true);
    const auto expected = batches(options, 9);
    options.source = png.path();
    EXPECT_EQ(batches(options, 9), expected) << "kept decoded";
    options.cache_bytes = 0;
    EXPECT_EQ(batches(options, 9), expected) << "decoded each time";
}

TEST(Feed, batches_depend_on_seed_and_number_alone) {
    const Database db(11, 12, 10, 3, Storage::kPng);
    FeedOptions options{.source = db.path(), .batch_size = 4, .seed = 9, .threads = 1};
    options.transform.set_crop_size(7);
    options.transform.set_mirror(true);
    const auto all = batches(options, 12);
    for (const int threads : {2, 5}) {
        options.threads = threads;
        options.prefetch = threads;
        EXPECT_EQ(batches(options, 12), all);
    }
    options.first_batch = 5;
    EXPECT_EQ(batches(options, 7), (std::vector<std::vector<float>>(all.begin() + 5, all.end())));
    options.first_batch = 0;
    options.seed = 10;
    EXPECT_NE(batches(options, 12), all);
}

TEST(Feed, forces_colours_of_encoded_records) {
    const Database grey(2, 5, 4, 1, Storage::kPng);
    FeedOptions options{.source = grey.path(), .batch_size = 2};
    options.transform.set_force_color(true);
    EXPECT_EQ(opened(options)->shape()[1], 3);
    const Database colour(2, 5, 4, 3, Storage::kPng);
    options.source = colour.path();
    options.transform.clear_force_color();
    options.transform.set_force_gray(true);
    EXPECT_EQ(opened(options)->shape()[1], 1);
    options.transform.set_force_color(true);
    EXPECT_EQ(Feed::open(options).error().code, ErrorCode::kInvalidArgument);
}

TEST(Feed, tells_of_a_damaged_record_and_goes_on) {
    const TemporaryFolder folder;
    auto writer = *LmdbWriter::create(folder.path() / "db");
    for (int i = 0; i < 4; ++i)
        ASSERT_TRUE(writer.put(fmt::format("{:08}_0", i), i == 2 ? "broken" : raw_datum(make_image(i, 3, 3, 1), i)));
    ASSERT_TRUE(writer.finish());
    auto feed = opened({.source = folder.path() / "db", .batch_size = 2, .threads = 2});
    EXPECT_TRUE(feed->next());
    const auto damaged = feed->next();
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().code, ErrorCode::kDataLoss);
    EXPECT_NE(damaged.error().where.find("00000002_0"), std::string::npos);
    EXPECT_TRUE(feed->next());
}

TEST(Feed, gives_the_same_batches_out_of_leveldb) {
    for (const auto storage : {Storage::kRaw, Storage::kPng}) {
        const Database db(23, 9, 7, 3, storage);
        copy_to_leveldb(db.path(), db.folder.path() / "leveldb");
        FeedOptions options{.source = db.path(), .batch_size = 5, .seed = 3, .threads = 3};
        options.transform.set_crop_size(6);
        options.transform.set_mirror(true);
        const auto expected = batches(options, 12);
        options.source = db.folder.path() / "leveldb";
        EXPECT_EQ(batches(options, 12), expected);
        options.first_batch = 7;
        EXPECT_EQ(batches(options, 5), (std::vector(expected.begin() + 7, expected.end()))) << "resumed";
    }
}

TEST(Feed, refuses_records_of_different_size) {
    const TemporaryFolder folder;
    auto writer = *LmdbWriter::create(folder.path() / "db");
    ASSERT_TRUE(writer.put("0", raw_datum(make_image(0, 3, 3, 1), 0)));
    ASSERT_TRUE(writer.put("1", raw_datum(make_image(0, 4, 3, 1), 0)));
    ASSERT_TRUE(writer.finish());
    EXPECT_EQ(opened({.source = folder.path() / "db", .batch_size = 2})->next().error().code, ErrorCode::kDataLoss);
}

TEST(Feed, a_batch_of_one_has_its_records_own_size) {
    for (const auto storage : {Storage::kRaw, Storage::kPng}) {
        const TemporaryFolder folder;
        auto writer = *LmdbWriter::create(folder.path() / "db");
        const std::vector<std::pair<int, int>> sizes{{3, 2}, {5, 4}, {2, 2}};
        for (int i = 0; i < 3; ++i) {
            const auto image = make_image(i, sizes[i].first, sizes[i].second, 3);
            ASSERT_TRUE(writer.put(std::to_string(i), storage == Storage::kRaw
                                                          ? raw_datum(image, i)
                                                          : encoded_datum(image, *encode_png(image), i)));
        }
        ASSERT_TRUE(writer.finish());
        const auto feed = opened({.source = folder.path() / "db", .batch_size = 1, .threads = 2});
        for (int n = 0; n < 7; ++n) {
            const int i = n % 3;
            const auto [width, height] = sizes[i];
            const auto batch = feed->next();
            ASSERT_TRUE(batch) << batch.error().to_string();
            EXPECT_EQ(batch->shape, (std::array<std::int64_t, 4>{1, 3, height, width}));
            EXPECT_EQ(batch->labels[0], i);
            // The last sample: of the plane of red, which comes first in a pixel.
            EXPECT_EQ(values_of(*batch).back(), sample(i, width - 1, height - 1, 0));
        }
    }
}

TEST(Feed, says_what_it_cannot_open) {
    const TemporaryFolder folder;
    EXPECT_EQ(Feed::open({.source = folder.path()}).error().code, ErrorCode::kNotFound);
    const Database db(2, 5, 4, 1);
    EXPECT_EQ(Feed::open({.source = db.path(), .batch_size = 0}).error().code, ErrorCode::kInvalidArgument);
}

TEST(Feed, stops_at_once_when_nobody_reads) {
    const Database db(50, 5, 4, 1);
    for (int i = 0; i < 20; ++i) opened({.source = db.path(), .batch_size = 8, .threads = 3});
}

TEST(Transform, subtracts_the_mean_before_it_scales) {
    caffe::TransformationParameter parameter;
    parameter.add_mean_value(10);
    parameter.add_mean_value(20);
    parameter.add_mean_value(30);
    parameter.set_scale(0.5f);
    const auto t = *Transformer::create(parameter, caffe::TEST, 0, 3, 1, 2);
    const std::uint8_t planes[] = {10, 12, 20, 24, 30, 38};
    float out[6];
    t.apply(planes, 0, out);
    EXPECT_EQ(std::vector<float>(out, out + 6), (std::vector<float>{0, 1, 0, 2, 0, 4}));
    const float floats[] = {10.5f, 12, 20, 24, 30, -30};
    t.apply(floats, 0, out);
    EXPECT_EQ(std::vector<float>(out, out + 6), (std::vector<float>{0.25f, 1, 0, 2, 0, -30}));
}

TEST(Transform, crops_the_centre_in_test_and_anywhere_in_training) {
    caffe::TransformationParameter parameter;
    parameter.set_crop_size(2);
    std::vector<std::uint8_t> planes(5 * 6);
    for (std::size_t i = 0; i < planes.size(); ++i) planes[i] = static_cast<std::uint8_t>(i);
    float out[4];
    const auto test = *Transformer::create(parameter, caffe::TEST, 1, 1, 5, 6);
    test.apply(planes.data(), 3, out);
    EXPECT_EQ(std::vector<float>(out, out + 4), (std::vector<float>{8, 9, 14, 15}));
    const auto train = *Transformer::create(parameter, caffe::TRAIN, 1, 1, 5, 6);
    std::map<float, int> corners;
    for (std::uint64_t i = 0; i < 4000; ++i) {
        train.apply(planes.data(), i, out);
        ++corners[out[0]];
        EXPECT_EQ(out[3], out[0] + 7);
    }
    EXPECT_EQ(corners.size(), 20u) << "4 x 5 places";
    for (const auto& [corner, times] : corners) EXPECT_NEAR(times, 200, 75) << corner;
}

TEST(Transform, mirrors_half_of_the_images_in_both_phases) {
    caffe::TransformationParameter parameter;
    parameter.set_mirror(true);
    const std::uint8_t row[] = {1, 2, 3};
    float out[3];
    for (const auto phase : {caffe::TRAIN, caffe::TEST}) {
        const auto t = *Transformer::create(parameter, phase, 4, 1, 1, 3);
        int mirrored = 0;
        for (std::uint64_t i = 0; i < 1000; ++i) {
            t.apply(row, i, out);
            EXPECT_EQ(out[1], 2);
            mirrored += out[0] == 3;
        }
        EXPECT_NEAR(mirrored, 500, 80);
    }
}

TEST(Transform, mean_image_is_taken_where_the_sample_came_from) {
    const TemporaryFolder folder;
    const auto mean = make_image(3, 6, 5, 3);
    ASSERT_TRUE(write_mean_files(mean, folder.path()));
    caffe::TransformationParameter parameter;
    parameter.set_mean_file(folder.path() / "mean.binaryproto");
    parameter.set_crop_size(3);
    parameter.set_mirror(true);
    const auto t = *Transformer::create(parameter, caffe::TRAIN, 2, 3, 5, 6);
    std::vector<std::uint8_t> planes(3 * 5 * 6);
    to_planar_bgr(mean, planes.data());
    std::vector<float> out(27, 1.0f);
    for (std::uint64_t i = 0; i < 100; ++i) {
        t.apply(planes.data(), i, out.data());
        EXPECT_EQ(out, std::vector<float>(27, 0.0f)) << "the mean minus the mean, wherever it is cut and mirrored";
    }
    EXPECT_EQ(Transformer::create(parameter, caffe::TRAIN, 2, 3, 5, 7).error().code, ErrorCode::kInvalidArgument);
    parameter.add_mean_value(3);
    EXPECT_EQ(Transformer::create(parameter, caffe::TRAIN, 2, 3, 5, 6).error().code, ErrorCode::kInvalidArgument);
}

TEST(Transform, refuses_what_does_not_fit) {
    caffe::TransformationParameter parameter;
    parameter.set_crop_size(8);
    EXPECT_EQ(Transformer::create(parameter, caffe::TRAIN, 2, 3, 7, 9).error().code, ErrorCode::kInvalidArgument);
    parameter.set_crop_size(7);
    EXPECT_TRUE(Transformer::create(parameter, caffe::TRAIN, 2, 3, 7, 9));
    parameter.add_mean_value(1);
    parameter.add_mean_value(1);
    EXPECT_EQ(Transformer::create(parameter, caffe::TRAIN, 2, 3, 7, 9).error().code, ErrorCode::kInvalidArgument);
}

TEST(Transformer, refuses_what_it_would_ignore) {
    caffe::TransformationParameter parameter;
    parameter.set_img_rand_resize_lower(256);
    const auto refused = Transformer::create(parameter, caffe::TRAIN, 1, 3, 5, 6);
    EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
    EXPECT_NE(refused.error().message.find("img_rand_resize_lower"), std::string::npos) << refused.error().message;
    // A hint to the machine changes no number.
    parameter.Clear();
    parameter.set_use_gpu_transform(true);
    EXPECT_TRUE(Transformer::create(parameter, caffe::TRAIN, 1, 3, 5, 6));
}

}  // namespace
}  // namespace digits
