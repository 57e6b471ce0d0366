#include "data/records/gallery.hpp"

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "data/records/datum.hpp"
#include "data/records/lmdb.hpp"
#include "image/decode.hpp"
#include "image/encode.hpp"

namespace digits {
namespace {

Image picture_of(int shade) {
    Image image;
    image.reset(3, 2, 1);
    std::ranges::fill(image.pixels, static_cast<std::uint8_t>(shade));
    return image;
}

/// Labels 0 1 0 1 0; the second record is a PNG file, the others raw samples.
class GalleryTest : public ::testing::Test {
  protected:
    void SetUp() override {
        auto writer = LmdbWriter::create(folder_.path() / "train_db");
        ASSERT_TRUE(writer);
        for (int i = 0; i < 5; ++i) {
            const auto image = picture_of(10 * i);
            const auto record = i == 1 ? encoded_datum(image, *encode_png(image), 1) : raw_datum(image, i % 2);
            ASSERT_TRUE(writer->put(fmt::format("{:08}_{}", i, i % 2), record));
        }
        ASSERT_TRUE(writer->finish());
        write("train.txt", "/p/a 0.png 0\n/p/b.png 1\n/p/bad.png 1\n/p/c.png 0\n/p/d.png 1\n/p/e.png 0\n");
        write("unreadable.txt", "val\t/p/b.png\tcut off\ntrain\t/p/bad.png\tcut off\n");
    }
    void write(const std::string& name, const std::string& text) {
        ASSERT_TRUE(write_file_atomic(folder_.path() / name, text));
    }
    Result<Gallery> open() { return Gallery::open(folder_.path(), "train", "train_db", "train.txt"); }

    TemporaryFolder folder_;
};

TEST_F(GalleryTest, pages_through_all_pictures_with_their_names) {
    const auto gallery = open();
    ASSERT_TRUE(gallery) << gallery.error().to_string();
    EXPECT_EQ(gallery->count({}), 5U);
    const auto first = gallery->page(0, 3, {});
    ASSERT_TRUE(first);
    ASSERT_EQ(first->pictures.size(), 3U);
    EXPECT_EQ(first->pictures[0].file, "/p/a 0.png");
    EXPECT_EQ(first->pictures[2].file, "/p/c.png") << "the unreadable one is in the list, not in the database";
    EXPECT_EQ(first->pictures[2].width, 3);
    EXPECT_EQ(first->pictures[2].height, 2);
    ASSERT_EQ(first->next, 3U);
    const auto rest = gallery->page(*first->next, 3, {});
    EXPECT_EQ(rest->pictures.size(), 2U);
    EXPECT_FALSE(rest->next);
}

TEST_F(GalleryTest, shows_one_class) {
    const auto gallery = open();
    EXPECT_EQ(gallery->count(1), 2U);
    EXPECT_EQ(gallery->count(7), 0U);
    const auto page = gallery->page(0, 1, 1);
    EXPECT_EQ(page->pictures[0].index, 1U);
    ASSERT_EQ(page->next, 3U);
    EXPECT_EQ(gallery->page(3, 1, 1)->pictures[0].file, "/p/d.png");
    EXPECT_FALSE(gallery->page(3, 1, 1)->next);
}

TEST_F(GalleryTest, gives_files_as_they_are_and_raw_samples_as_png) {
    const auto gallery = open();
    EXPECT_EQ(gallery->picture(1)->bytes, *encode_png(picture_of(10)));
    const auto raw = gallery->picture(2);
    EXPECT_EQ(raw->content_type, "image/png");
    EXPECT_EQ(decode_image(raw->bytes)->pixels, picture_of(20).pixels);
    EXPECT_EQ(gallery->picture(5).error().code, ErrorCode::kNotFound);
}

TEST_F(GalleryTest, does_without_names_when_the_list_does_not_fit) {
    write("train.txt", "/p/a.png 0\n/p/b.png 1\n");
    const auto gallery = open();
    EXPECT_EQ(gallery->count(1), 2U);
    EXPECT_EQ(gallery->page(0, 9, {})->pictures.size(), 5U);
    EXPECT_EQ(gallery->page(0, 9, {})->pictures[1].file, "");
}

TEST_F(GalleryTest, says_when_there_is_no_database) {
    EXPECT_EQ(Gallery::open(folder_.path(), "val", "val_db", "val.txt").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace digits
