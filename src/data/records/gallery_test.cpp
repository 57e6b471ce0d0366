#include "data/records/gallery.hpp"

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "data/records/databases/lmdb.hpp"
#include "data/records/datum.hpp"
#include "data/records/target_codec.hpp"
#include "data/testing.hpp"
#include "image/decode.hpp"
#include "image/encode.hpp"

namespace digits {
namespace {

Image image_of(int shade) {
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
            const auto image = image_of(10 * i);
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

TEST_F(GalleryTest, pages_through_all_images_with_their_names) {
    const auto gallery = open();
    ASSERT_TRUE(gallery) << gallery.error().to_string();
    EXPECT_EQ(gallery->count({}), 5U);
    const auto first = gallery->page(0, 3, {});
    ASSERT_TRUE(first);
    ASSERT_EQ(first->images.size(), 3U);
    EXPECT_EQ(first->images[0].file, "/p/a 0.png");
    EXPECT_EQ(first->images[2].file, "/p/c.png") << "the unreadable one is in the list, not in the database";
    EXPECT_EQ(first->images[2].width, 3);
    EXPECT_EQ(first->images[2].height, 2);
    ASSERT_EQ(first->next, 3U);
    const auto rest = gallery->page(*first->next, 3, {});
    EXPECT_EQ(rest->images.size(), 2U);
    EXPECT_FALSE(rest->next);
}

TEST_F(GalleryTest, shows_one_class) {
    const auto gallery = open();
    EXPECT_EQ(gallery->count(1), 2U);
    EXPECT_EQ(gallery->count(7), 0U);
    const auto page = gallery->page(0, 1, 1);
    EXPECT_EQ(page->images[0].index, 1U);
    ASSERT_EQ(page->next, 3U);
    EXPECT_EQ(gallery->page(3, 1, 1)->images[0].file, "/p/d.png");
    EXPECT_FALSE(gallery->page(3, 1, 1)->next);
}

TEST_F(GalleryTest, gives_files_as_they_are_and_raw_samples_as_png) {
    const auto gallery = open();
    EXPECT_EQ(gallery->image(1)->bytes, *encode_png(image_of(10)));
    const auto raw = gallery->image(2);
    EXPECT_EQ(raw->content_type, "image/png");
    EXPECT_EQ(decode_image(raw->bytes)->pixels, image_of(20).pixels);
    EXPECT_EQ(gallery->image(5).error().code, ErrorCode::kNotFound);
}

TEST_F(GalleryTest, does_without_names_when_the_list_does_not_fit) {
    write("train.txt", "/p/a.png 0\n/p/b.png 1\n");
    const auto gallery = open();
    EXPECT_EQ(gallery->count(1), 2U);
    EXPECT_EQ(gallery->page(0, 9, {})->images.size(), 5U);
    EXPECT_EQ(gallery->page(0, 9, {})->images[1].file, "");
}

TEST_F(GalleryTest, says_when_there_is_no_database) {
    EXPECT_EQ(Gallery::open(folder_.path(), "val", "val_db", "val.txt").error().code, ErrorCode::kNotFound);
}

/// Three records with boxes: a small cat; a large dog and a small cat that leaves the image; nothing.
class BoxGalleryTest : public ::testing::Test {
  protected:
    void SetUp() override {
        auto images = LmdbWriter::create(folder_.path() / "train_db");
        auto targets = LmdbWriter::create(folder_.path() / "train_labels_db");
        ASSERT_TRUE(images && targets);
        Image image;
        image.reset(200, 200, 1);
        const std::vector<Boxes> all{{{{10, 10, 20, 20, 0}}}, {{{0, 0, 150, 150, 1}, {190, 10, 210, 20, 0}}}, {}};
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto key = fmt::format("{:08}_0", i);
            ASSERT_TRUE(images->put(key, raw_datum(image, 0)));
            ASSERT_TRUE(targets->put(key, *pack_target(all[i], {2, RecordEncoding::kNone})));
        }
        ASSERT_TRUE(images->finish());
        ASSERT_TRUE(targets->finish());
        ASSERT_TRUE(write_file_atomic(folder_.path() / "train.txt", "/a.png [1]\n/b.png [2]\n/c.png [0]\n"));
    }
    TemporaryFolder folder_;
};

TEST_F(BoxGalleryTest, shows_boxes_and_filters_by_them) {
    const auto gallery =
        Gallery::open(folder_.path(), "train", "train_db", "train.txt", {TargetKind::kBoxes, "train_labels_db"});
    ASSERT_TRUE(gallery) << gallery.error().to_string();
    const auto indices = [&](const GalleryFilter& filter) {
        const auto page = gallery->page(0, 10, filter);
        EXPECT_TRUE(page);
        std::vector<std::uint64_t> found;
        for (const auto& image : page->images) found.push_back(image.index);
        EXPECT_EQ(gallery->count(filter), found.size());
        return found;
    };
    using Indices = std::vector<std::uint64_t>;
    EXPECT_EQ(indices({}), (Indices{0, 1, 2}));
    EXPECT_EQ(indices(0), (Indices{0, 1}));
    EXPECT_EQ(indices(1), (Indices{1}));
    GalleryFilter filter;
    filter.size = BoxSize::kLarge;
    EXPECT_EQ(indices(filter), (Indices{1}));
    filter.label = 0;
    EXPECT_TRUE(indices(filter).empty()) << "the large one is not a cat";
    filter = {};
    filter.problems = true;
    EXPECT_EQ(indices(filter), (Indices{1}));
    EXPECT_EQ(gallery->index_after(1, 0), 1U);
    const auto page = gallery->page(1, 1, {});
    ASSERT_EQ(page->images.size(), 1U);
    EXPECT_EQ(page->images[0].file, "/b.png");
    EXPECT_EQ(page->images[0].boxes->boxes.size(), 2U);
    EXPECT_EQ(page->images[0].problems, (std::vector<std::string>{"box 2 reaches out of the image"}));
    EXPECT_EQ(gallery->target_image(0).error().code, ErrorCode::kNotFound);
}

TEST(MaskGallery, gives_masks_as_images_of_class_numbers) {
    const TemporaryFolder folder;
    auto images = LmdbWriter::create(folder.path() / "db");
    auto targets = LmdbWriter::create(folder.path() / "labels");
    const Mask mask{3, 2, {0, 1, 2, 255, 0, 1}};
    ASSERT_TRUE(images->put("00000000_0", raw_datum(image_of(7), 0)));
    ASSERT_TRUE(targets->put("00000000_0", *pack_target(mask, {})));
    ASSERT_TRUE(images->finish());
    ASSERT_TRUE(targets->finish());
    const auto gallery = Gallery::open(folder.path(), "train", "db", "none.txt", {TargetKind::kMask, "labels"});
    ASSERT_TRUE(gallery) << gallery.error().to_string();
    const auto image = gallery->target_image(0);
    ASSERT_TRUE(image) << image.error().to_string();
    EXPECT_EQ(image->content_type, "image/png");
    const auto read = decode_image(image->bytes);
    ASSERT_TRUE(read);
    EXPECT_EQ(std::vector<std::uint16_t>(read->pixels.begin(), read->pixels.end()), mask.ids);
}

TEST(MaskGallery, finds_masks_by_class_and_problem) {
    const TemporaryFolder folder;
    auto images = LmdbWriter::create(folder.path() / "db");
    auto targets = LmdbWriter::create(folder.path() / "labels");
    const std::vector<Mask> masks{{2, 1, {0, 1}}, {2, 1, {1, 255}}, {2, 1, {255, 255}}, {1, 1, {7}}};
    for (std::size_t i = 0; i < masks.size(); ++i) {
        const auto key = fmt::format("{:08}_0", i);
        ASSERT_TRUE(images->put(key, raw_datum(ramp(2, 1, 3), 0)));
        ASSERT_TRUE(targets->put(key, *pack_target(masks[i], {})));
    }
    ASSERT_TRUE(images->finish());
    ASSERT_TRUE(targets->finish());
    GalleryTargets of_masks{TargetKind::kMask, "labels"};
    of_masks.classes = 2;
    of_masks.ignore_label = 255;
    auto gallery = Gallery::open(folder.path(), "train", "db", "none.txt", of_masks);
    ASSERT_TRUE(gallery) << gallery.error().to_string();
    const auto indices = [&](const GalleryFilter& filter) {
        EXPECT_TRUE(gallery->prepare(filter));
        std::vector<std::uint64_t> found;
        const auto page = gallery->page(0, 10, filter);
        EXPECT_TRUE(page) << page.error().to_string();
        for (const auto& image : page->images) found.push_back(image.index);
        EXPECT_EQ(gallery->count(filter), found.size());
        return found;
    };
    using Indices = std::vector<std::uint64_t>;
    EXPECT_EQ(indices({}), (Indices{0, 1, 2, 3}));
    EXPECT_EQ(indices(0), (Indices{0}));
    EXPECT_EQ(indices(1), (Indices{0, 1}));
    EXPECT_TRUE(indices(255).empty()) << "that does not count";
    GalleryFilter filter;
    filter.problems = true;
    EXPECT_EQ(indices(filter), (Indices{2, 3}));
    const auto page = gallery->page(2, 2, {});
    EXPECT_EQ(page->images[0].problems, (std::vector<std::string>{"no pixel of the mask counts"}));
    EXPECT_EQ(page->images[1].problems[0], "the mask is 1 x 1, its image is 2 x 1");
    filter.problems = false;
    filter.size = BoxSize::kSmall;
    EXPECT_TRUE(indices(filter).empty()) << "masks have no boxes";
}

}  // namespace
}  // namespace digits
