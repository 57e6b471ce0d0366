#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.hpp"
#include "caffe.pb.h"
#include "data/records/databases/lmdb.hpp"
#include "data/records/mean.hpp"
#include "data/records/record_reader.hpp"
#include "data/testing.hpp"
#include "image/decode.hpp"
#include "image/encode.hpp"

namespace digits {
namespace {

std::string key_of(int i) { return fmt::format("{:08}_{}", i, i % 10); }

void write_records(const std::filesystem::path& folder, int count) {
    auto writer = LmdbWriter::create(folder);
    ASSERT_TRUE(writer) << writer.error().to_string();
    for (int i = 0; i < count; ++i) ASSERT_TRUE(writer->put(key_of(i), raw_datum(ramp(4, 3, 3, i), i % 10)));
    ASSERT_TRUE(writer->finish());
}

TEST(Datum, is_what_protobuf_reads_and_writes) {
    const auto image = ramp(5, 4, 3);
    caffe::Datum datum;
    ASSERT_TRUE(datum.ParseFromString(raw_datum(image, 300)));
    EXPECT_EQ(datum.channels(), 3);
    EXPECT_EQ(datum.height(), 4);
    EXPECT_EQ(datum.width(), 5);
    EXPECT_EQ(datum.label(), 300);
    EXPECT_FALSE(datum.encoded());
    EXPECT_EQ(datum.SerializeAsString(), raw_datum(image, 300));

    const auto view = parse_datum(datum.SerializeAsString());
    ASSERT_TRUE(view);
    EXPECT_EQ(view->label, 300);
    EXPECT_EQ(static_cast<std::uint8_t>(datum.data()[0]), image.pixels[2]) << "blue comes first";

    const auto file = *encode_png(image);
    ASSERT_TRUE(datum.ParseFromString(encoded_datum(image, file, 2)));
    EXPECT_EQ(datum.SerializeAsString(), encoded_datum(image, file, 2));
    EXPECT_EQ(datum.data(), file);
    EXPECT_TRUE(datum.encoded());
}

TEST(Datum, becomes_the_image_it_came_from) {
    const auto image = ramp(5, 4, 3);
    const auto raw = raw_datum(image, 1);
    EXPECT_EQ(datum_image(*parse_datum(raw))->pixels, image.pixels);
    const auto encoded = encoded_datum(image, *encode_png(image), 1);
    EXPECT_EQ(datum_image(*parse_datum(encoded))->pixels, image.pixels);
}

TEST(Datum, reads_float_data_packed_or_not) {
    caffe::Datum datum;
    datum.set_channels(1);
    datum.set_height(1);
    datum.set_width(3);
    for (const float value : {1.5f, -2.0f, 300.0f}) datum.add_float_data(value);
    const auto bytes = datum.SerializeAsString();
    const auto view = parse_datum(bytes);
    ASSERT_TRUE(view) << view.error().message;
    std::vector<float> values(3);
    copy_float_data(*view, values.data());
    EXPECT_EQ(values, (std::vector<float>{1.5f, -2.0f, 300.0f}));
    EXPECT_EQ(datum_image(*view)->pixels, (std::vector<std::uint8_t>{1, 0, 255}));

    // The same floats as one packed field 6.
    std::string packed("\x08\x01\x10\x01\x18\x03\x32\x0c", 8);
    packed.append(reinterpret_cast<const char*>(values.data()), 12);
    const auto other = parse_datum(packed);
    ASSERT_TRUE(other) << other.error().message;
    std::vector<float> again(3);
    copy_float_data(*other, again.data());
    EXPECT_EQ(again, values);
}

TEST(Datum, refuses_what_is_damaged) {
    const auto bytes = raw_datum(ramp(5, 4, 3), 1);
    for (std::size_t keep = 0; keep + 2 < bytes.size(); ++keep)
        EXPECT_FALSE(parse_datum(std::string_view(bytes).substr(0, keep))) << keep;
    caffe::Datum datum;
    datum.set_channels(3);
    datum.set_height(-4);
    datum.set_width(-4);
    datum.set_data(std::string(48, 'x'));
    EXPECT_EQ(parse_datum(datum.SerializeAsString()).error().code, ErrorCode::kDataLoss);
    datum.Clear();
    datum.set_encoded(true);
    EXPECT_EQ(parse_datum(datum.SerializeAsString()).error().code, ErrorCode::kDataLoss);
}

TEST(Lmdb, gives_back_what_was_put_in_key_order) {
    const TemporaryFolder folder;
    write_records(folder.path() / "db", 50);
    auto reader = RecordReader::open(folder.path() / "db");
    ASSERT_TRUE(reader) << reader.error().to_string();
    EXPECT_EQ(reader->count(), 50u);
    RecordReader::Record record;
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 50; ++i) {
            ASSERT_TRUE(*reader->next(record));
            EXPECT_EQ(record.key, key_of(i));
            EXPECT_EQ(record.datum.label, i % 10);
        }
        EXPECT_FALSE(*reader->next(record)) << "the end, then it begins again";
    }
    EXPECT_EQ(reader->find(key_of(17))->datum.label, 7);
    EXPECT_EQ(reader->find("nothing").error().code, ErrorCode::kNotFound);
    reader->rewind();
    ASSERT_TRUE(reader->skip(123));
    ASSERT_TRUE(*reader->next(record));
    EXPECT_EQ(record.key, key_of(23));
}

TEST(Lmdb, the_map_grows_with_the_records) {
    const TemporaryFolder folder;
    auto writer = LmdbWriter::create(folder.path() / "db");
    ASSERT_TRUE(writer);
    const int count = 150;
    const std::string megabyte(1 << 20, 'x');
    for (int i = 0; i < count; ++i) ASSERT_TRUE(writer->put(fmt::format("{:08}", i), megabyte));
    ASSERT_TRUE(writer->finish());
    const auto database = RecordDatabase::open(folder.path() / "db");
    ASSERT_TRUE(database);
    EXPECT_EQ((*database)->record_count(), static_cast<std::uint64_t>(count));
    EXPECT_EQ((*(*database)->cursor())->find("00000149")->value.size(), megabyte.size());
}

TEST(Lmdb, the_map_grows_from_almost_nothing) {
    const TemporaryFolder folder;
    auto writer = LmdbWriter::create(folder.path() / "db", 1 << 15);
    ASSERT_TRUE(writer);
    // Small records and one that is larger than several doublings of the map.
    for (int i = 0; i < 9000; ++i)
        ASSERT_TRUE(writer->put(key_of(i), std::string(i == 5000 ? 3 << 20 : 40, static_cast<char>('a' + i % 26))));
    ASSERT_TRUE(writer->finish());
    auto cursor = (*RecordDatabase::open(folder.path() / "db"))->cursor();
    ASSERT_TRUE(cursor);
    RecordEntry entry;
    for (int i = 0; i < 9000; ++i) {
        ASSERT_TRUE(*(*cursor)->next(entry));
        ASSERT_EQ(entry.key, key_of(i));
        ASSERT_EQ(entry.value.size(), i == 5000 ? std::size_t{3 << 20} : 40u);
        ASSERT_EQ(entry.value.back(), static_cast<char>('a' + i % 26));
    }
    EXPECT_FALSE(*(*cursor)->next(entry));
}

TEST(Lmdb, takes_keys_out_of_order) {
    const TemporaryFolder folder;
    auto writer = LmdbWriter::create(folder.path() / "db");
    for (const char* key : {"b", "d", "a", "c"}) ASSERT_TRUE(writer->put(key, std::string("value of ") + key));
    ASSERT_TRUE(writer->finish());
    auto cursor = (*RecordDatabase::open(folder.path() / "db"))->cursor();
    std::string keys;
    RecordEntry entry;
    while (*(*cursor)->next(entry)) keys += entry.key;
    EXPECT_EQ(keys, "abcd");
}

TEST(Lmdb, opens_one_folder_once) {
    const TemporaryFolder folder;
    write_records(folder.path() / "db", 3);
    const auto first = RecordDatabase::open(folder.path() / "db");
    const auto second = RecordDatabase::open(folder.path() / "." / "db");
    EXPECT_EQ(first->get(), second->get());
}

TEST(Lmdb, says_what_is_wrong_with_a_folder) {
    const TemporaryFolder folder;
    EXPECT_EQ(RecordDatabase::open(folder.path() / "none").error().code, ErrorCode::kNotFound);
    EXPECT_EQ(RecordDatabase::open(folder.path()).error().code, ErrorCode::kNotFound);
    ASSERT_TRUE(write_file_atomic(folder.path() / "data.mdb", std::string(9000, 'x')));
    EXPECT_EQ(RecordDatabase::open(folder.path()).error().code, ErrorCode::kDataLoss);
    write_records(folder.path() / "db", 2000);
    ASSERT_EQ(::truncate((folder.path() / "db/data.mdb").c_str(), 16384), 0);
    EXPECT_EQ(RecordDatabase::open(folder.path() / "db").error().code, ErrorCode::kDataLoss);
    EXPECT_EQ(LmdbWriter::create(folder.path() / "db").error().code, ErrorCode::kAlreadyExists);
}

TEST(Records, name_the_damaged_one) {
    const TemporaryFolder folder;
    auto writer = LmdbWriter::create(folder.path() / "db");
    ASSERT_TRUE(writer->put("00000000_1", "\x08\x01garbage"));
    ASSERT_TRUE(writer->finish());
    auto reader = RecordReader::open(folder.path() / "db");
    RecordReader::Record record;
    const auto more = reader->next(record);
    ASSERT_FALSE(more);
    EXPECT_NE(more.error().where.find("00000000_1"), std::string::npos) << more.error().where;
}

TEST(Mean, rounds_half_to_even) {
    MeanAccumulator sums;
    for (const int value : {0, 1, 2, 5}) {
        Image image;
        image.reset(3, 1, 1);
        image.pixels = {static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(value + (value == 5)),
                        static_cast<std::uint8_t>(value == 0 ? 0 : value + 1)};
        sums.add(image);
    }
    // Sums 8, 9, 11 over 4: 2, 2.25, 2.75.
    EXPECT_EQ(sums.mean().pixels, (std::vector<std::uint8_t>{2, 2, 3}));
    MeanAccumulator halves;
    for (const int value : {0, 1}) {
        Image image;
        image.reset(2, 1, 1);
        image.pixels = {static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(value + 1)};
        halves.add(image);
    }
    EXPECT_EQ(halves.mean().pixels, (std::vector<std::uint8_t>{0, 2})) << "0.5 to 0, 1.5 to 2";
}

TEST(Mean, does_not_depend_on_who_added) {
    MeanAccumulator one;
    MeanAccumulator left;
    MeanAccumulator right;
    for (int i = 0; i < 40; ++i) {
        const auto image = ramp(6, 5, 3, i * 11);
        one.add(image);
        (i % 3 ? left : right).add(image);
    }
    MeanAccumulator both;
    both.merge(MeanAccumulator{});
    both.merge(left);
    both.merge(right);
    EXPECT_EQ(both.count(), 40u);
    EXPECT_EQ(both.mean().pixels, one.mean().pixels);
}

TEST(Mean, file_has_planes_in_bgr) {
    const TemporaryFolder folder;
    const auto image = ramp(6, 5, 3);
    ASSERT_TRUE(write_mean_files(image, folder.path()));
    const auto mean = read_mean_file(folder.path() / "mean.binaryproto");
    ASSERT_TRUE(mean) << mean.error().to_string();
    EXPECT_EQ(mean->channels, 3);
    EXPECT_EQ(mean->height, 5);
    EXPECT_EQ(mean->width, 6);
    EXPECT_EQ(mean->values[0], image.pixels[2]);
    EXPECT_EQ(mean->values[60], image.pixels[0]);
    double blue = 0;
    for (std::size_t i = 2; i < image.pixels.size(); i += 3) blue += image.pixels[i];
    EXPECT_DOUBLE_EQ(mean_pixel(*mean)[0], blue / 30);
    EXPECT_EQ(decode_image(*read_file(folder.path() / "mean.jpg"))->width, 6);

    ASSERT_TRUE(
        write_file_atomic(folder.path() / "short.binaryproto", std::string("\x08\x01\x10\x03\x18\x05\x20\x06", 8)));
    EXPECT_EQ(read_mean_file(folder.path() / "short.binaryproto").error().code, ErrorCode::kDataLoss);
    EXPECT_EQ(read_mean_file(folder.path() / "none").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace digits
