#include "data/records/databases/hdf5_database.hpp"

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "data/records/gallery.hpp"
#include "data/records/record_reader.hpp"
#include "data/records/record_sink.hpp"
#include "data/records/target_codec.hpp"
#include "image/decode.hpp"

namespace digits {
namespace {

constexpr int kWidth = 4, kHeight = 3;
const StorageSpec kStorage{.backend = DatasetBackend::kHdf5};

/// Its red is the number, its blue 200 more than that.
Image image_of(int number) {
    Image image;
    image.reset(kWidth, kHeight, 3);
    for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
        image.pixels[i] = static_cast<std::uint8_t>(number);
        image.pixels[i + 1] = 7;
        image.pixels[i + 2] = static_cast<std::uint8_t>(number + 200);
    }
    return image;
}

/// A split of HDF5 files with two images each.
class Hdf5DatabaseTest : public ::testing::Test {
  protected:
    void write(const std::vector<Target>& targets) {
        TargetLayout layout{2, RecordEncoding::kNone};
        std::vector<int> shape;
        if (!std::holds_alternative<ClassLabel>(targets.front())) shape = target_array(targets.front(), layout)->shape;
        auto sink = sink::create_hdf5(folder_.path() / "val_db", {.width = kWidth, .height = kHeight, .channels = 3},
                                      Hdf5Compression::kGzip, "../elsewhere/", 2 * 3 * kWidth * kHeight, shape);
        ASSERT_TRUE(sink) << sink.error().to_string();
        for (std::size_t i = 0; i < targets.size(); ++i) {
            const auto* label = std::get_if<ClassLabel>(&targets[i]);
            auto record = *pack_record(image_of(static_cast<int>(i)), label ? label->index : 0, kStorage);
            if (!label) record.target = target_array(targets[i], layout)->values;
            ASSERT_TRUE((*sink)->put(std::move(record)));
        }
        ASSERT_TRUE((*sink)->finish());
    }
    /// Of each record of the targets.
    std::vector<Target> read_targets(TargetKind kind) {
        auto records = RecordReader::open(folder_.path() / "val_db/label");
        EXPECT_TRUE(records) << records.error().to_string();
        std::vector<Target> targets;
        RecordReader::Record record;
        while (*records->next(record)) targets.push_back(*unpack_target(record.datum, kind));
        return targets;
    }

    TemporaryFolder folder_;
};

TEST_F(Hdf5DatabaseTest, has_the_records_that_lmdb_would_have) {
    write({ClassLabel{1}, ClassLabel{0}, ClassLabel{1}, ClassLabel{2}, ClassLabel{0}});
    auto records = RecordReader::open(folder_.path() / "val_db");
    ASSERT_TRUE(records) << records.error().to_string();
    ASSERT_EQ(records->count(), 5U);
    RecordReader::Record record;
    for (const char* key : {"00000000_1", "00000001_0", "00000002_1", "00000003_2", "00000004_0"}) {
        ASSERT_TRUE(*records->next(record));
        EXPECT_EQ(record.key, key);
    }
    EXPECT_FALSE(*records->next(record));
    const auto found = records->find("00000003_2");
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_EQ(found->datum.label, 2);
    EXPECT_EQ(datum_image(found->datum)->pixels, image_of(3).pixels) << "planes are B, G, R";
    for (const char* key : {"00000003_1", "00000005_0", "3", "", "no"})
        EXPECT_EQ(records->find(key).error().code, ErrorCode::kNotFound) << key;
    ASSERT_TRUE(records->skip(4));
    ASSERT_TRUE(*records->next(record));
    EXPECT_EQ(record.key, "00000004_0");
    EXPECT_EQ(RecordReader::open(folder_.path() / "val_db/labels").error().code, ErrorCode::kNotFound);
}

TEST_F(Hdf5DatabaseTest, keeps_targets_of_each_kind) {
    const Tensor numbers{{2}, {0.5F, -7}}, whole{{2}, {1, 0}};
    write({numbers, whole, numbers});
    const auto tensors = read_targets(TargetKind::kTensor);
    ASSERT_EQ(tensors.size(), 3U);
    EXPECT_EQ(std::get<Tensor>(tensors[0]).values, numbers.values);
    EXPECT_EQ(std::get<Tensor>(tensors[1]).values, whole.values);
}

TEST_F(Hdf5DatabaseTest, keeps_masks_and_boxes_and_images) {
    Mask mask{kWidth, kHeight, std::vector<std::uint16_t>(kWidth * kHeight, 2)};
    mask.ids[1] = 255;
    write({mask});
    EXPECT_EQ(std::get<Mask>(read_targets(TargetKind::kMask)[0]).ids, mask.ids);
    std::filesystem::remove_all(folder_.path() / "val_db");
    mask.ids[1] = 300;
    write({mask});
    EXPECT_EQ(std::get<Mask>(read_targets(TargetKind::kMask)[0]).ids, mask.ids) << "more than a byte";
    std::filesystem::remove_all(folder_.path() / "val_db");
    write({Boxes{{Box{1, 0, 3, 2, 1}}}, Boxes{}});
    const auto boxes = read_targets(TargetKind::kBoxes);
    EXPECT_EQ(std::get<Boxes>(boxes[0]).boxes[0].right, 3);
    EXPECT_TRUE(std::get<Boxes>(boxes[1]).boxes.empty());
    std::filesystem::remove_all(folder_.path() / "val_db");
    write({image_of(50)});
    EXPECT_EQ(std::get<Image>(read_targets(TargetKind::kImage)[0]).pixels, image_of(50).pixels);
}

TEST_F(Hdf5DatabaseTest, is_shown_by_the_gallery) {
    write({Tensor{{2}, {0.5F, 1}}, Tensor{{2}, {2, 3}}, Tensor{{2}, {1, 1}}});
    ASSERT_TRUE(write_file_atomic(folder_.path() / "val.txt", "/p/a.png [0.5,1]\n/p/b.png [2,3]\n/p/c.png [1,1]\n"));
    const auto gallery =
        Gallery::open(folder_.path(), "val", "val_db", "val.txt", {TargetKind::kTensor, "val_db/label"});
    ASSERT_TRUE(gallery) << gallery.error().to_string();
    const auto page = gallery->page(0, 10, {});
    ASSERT_TRUE(page) << page.error().to_string();
    ASSERT_EQ(page->images.size(), 3U);
    EXPECT_EQ(page->images[1].file, "/p/b.png");
    EXPECT_EQ(page->images[1].values, (std::vector<float>{2, 3}));
    EXPECT_EQ(page->images[1].width, kWidth);
    const auto shown = gallery->image(2);
    ASSERT_TRUE(shown) << shown.error().to_string();
    EXPECT_EQ(decode_image(shown->bytes)->pixels, image_of(2).pixels);
    EXPECT_EQ(record_image(folder_.path() / "val_db", 1, -1)->content_type, "image/png") << "by its place alone";
}

TEST_F(Hdf5DatabaseTest, says_what_is_damaged) {
    write({ClassLabel{1}, ClassLabel{0}, ClassLabel{1}});
    const auto db = folder_.path() / "val_db";
    std::filesystem::resize_file(db / "2.h5", 100);
    const auto cut = RecordReader::open(db);
    EXPECT_EQ(cut.error().code, ErrorCode::kDataLoss);
    EXPECT_TRUE(cut.error().where.ends_with("2.h5")) << cut.error().to_string();
    ASSERT_TRUE(write_file_atomic(db / "list.txt", "gone.h5\n"));
    EXPECT_EQ(RecordReader::open(db).error().code, ErrorCode::kDataLoss);
    ASSERT_TRUE(write_file_atomic(db / "list.txt", "\n"));
    EXPECT_EQ(RecordReader::open(db).error().code, ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace digits
