#include "data/recognition/recognize.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

#include "data/testing.hpp"
#include "image/encode.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

json recognized(const fs::path& folder) {
    const auto answer = recognize_folder(folder.string(), {});
    EXPECT_TRUE(answer) << answer.error().to_string();
    return answer.value_or(json{{"found", json::array()}})["found"];
}

struct TrapCase {
    const char* folder;
    const char* format;
};

TEST(Recognize, finds_the_dataset_of_a_folder) {
    const auto traps = fs::path(DIGITS_SOURCE_DIR) / "tests/traps";
    for (const auto& [folder, format] :
         {TrapCase{"00-kitti-unknown-class", "kitti"}, TrapCase{"03-kitti-all-below-minimum", "kitti"},
          TrapCase{"06-yolo-class-from-1", "yolo"}, TrapCase{"15-voc-size-swapped", "voc"},
          TrapCase{"20-voc-imagesets", "voc"}, TrapCase{"26-coco-dangling", "coco"},
          TrapCase{"36-seg-black-masks", "masks"}, TrapCase{"38-seg-cityscapes-ids", "cityscapes"}}) {
        const auto found = recognized(traps / folder);
        ASSERT_FALSE(found.empty()) << folder;
        EXPECT_EQ(found[0]["format"], format) << folder;
        EXPECT_TRUE(found[0]["error"].is_null()) << found[0]["error"];
        EXPECT_GT(found[0]["images"].get<int>(), 0) << folder;
    }
    const auto voc = recognized(traps / "20-voc-imagesets");
    EXPECT_EQ(voc[0]["text"], "Pascal VOC, 3 images, 1 class, ImageSets found");
    const auto kitti = recognized(traps / "03-kitti-all-below-minimum")[0]["source"];
    EXPECT_THAT(kitti["val_labels"].get<std::string>(), HasSubstr("val/labels"));
    const auto cases = fs::path(DIGITS_SOURCE_DIR) / "tests/cases/sources";
    for (const auto& [folder, format] :
         {TrapCase{"cvat", "cvat"}, TrapCase{"labelme/data", "labelme"}, TrapCase{"label-studio", "label_studio"},
          TrapCase{"box-table", "box_table"}, TrapCase{"box-table-openimages", "open_images"},
          TrapCase{"masks-instances/data", "instance_masks"}, TrapCase{"pairs", "pairs"},
          TrapCase{"label-table", "label_table"}, TrapCase{"label-table-json", "label_table"},
          TrapCase{"webdataset", "webdataset"}, TrapCase{"csv", "csv"}}) {
        const auto found = recognized(cases / folder);
        ASSERT_FALSE(found.empty()) << folder;
        EXPECT_EQ(found[0]["format"], format) << found[0];
        EXPECT_TRUE(found[0]["error"].is_null()) << folder << found[0]["error"];
    }
}

TEST(Recognize, takes_labels_in_jpeg_for_images) {
    const TemporaryFolder folder;
    const auto photo = fs::path(DIGITS_SOURCE_DIR) / "tests/traps/40-pairs-names/label";
    for (const auto* split : {"train", "val"})
        for (const auto* part : {"photo", "labels"}) {
            fs::create_directories(folder.path() / split / part);
            for (const auto& file : fs::directory_iterator(photo))
                fs::copy_file(file.path(), folder.path() / split / part / file.path().filename());
        }
    const auto found = recognized(folder.path());
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(found[0]["format"], "pairs") << found[0];
    EXPECT_EQ(found[0]["task"], "processing");
    EXPECT_THAT(found[0]["source"]["val_labels"].get<std::string>(), HasSubstr("val/labels"));
}

TEST(Recognize, tells_grey_images_from_colour_also_where_they_are_saved_as_rgb) {
    const auto channels = [](auto&& write) {
        const TemporaryFolder folder;
        write(folder.path());
        const auto found = recognized(folder.path());
        return found.empty() ? json() : found[0]["channels"];
    };
    const auto grey = *encode_png(ramp(8, 6, 1)), color = *encode_png(ramp(8, 6, 3)),
               grey_as_rgb = *encode_png(convert_channels(ramp(8, 6, 1), 3));
    const auto classes = [&](const std::string& a, const std::string& b) {
        return channels([&](const fs::path& root) {
            put_file(root / "a/0.png", a);
            put_file(root / "b/0.png", b);
        });
    };
    EXPECT_EQ(classes(grey, grey_as_rgb), 1);
    EXPECT_EQ(classes(grey, color), 3);
    EXPECT_TRUE(classes("no image", "nor this").is_null());
    // What is made of an image has the same channels.
    const auto pairs = [&](const std::string& photo, const std::string& label) {
        return channels([&](const fs::path& root) {
            for (const char* name : {"0.png", "1.png"}) {
                put_file(root / "train/photo" / name, photo);
                put_file(root / "train/label" / name, label);
            }
        });
    };
    const auto grey_photo = *encode_png(ramp(40, 30, 1));
    EXPECT_EQ(pairs(grey, grey), 1);
    // So many colors are not classes of a mask.
    auto colorful = ramp(40, 30, 3);
    for (std::size_t i = 0; i < colorful.pixels.size(); ++i) colorful.pixels[i] = static_cast<std::uint8_t>(i * i / 7);
    EXPECT_EQ(pairs(grey_photo, *encode_png(colorful)), 3);
    EXPECT_EQ(recognized(fs::path(DIGITS_SOURCE_DIR) / "tests/traps/20-voc-imagesets")[0]["channels"], 3);
}

TEST(Recognize, finds_nothing_where_nothing_is) {
    const TemporaryFolder folder;
    EXPECT_TRUE(recognized(folder.path()).empty());
    EXPECT_FALSE(recognize_folder((folder.path() / "none").string(), {}));
    const TemporaryFolder elsewhere;
    EXPECT_FALSE(recognize_folder(folder.path().string(), {elsewhere.path().string()}));
}

/// Fifteen formats, a folder each, of which some hold several datasets.
TEST(Recognize, knows_the_formats_of_other_tools) {
    const char* data = std::getenv("DIGITS_SHARED_DATA");
    if (!data) GTEST_SKIP() << "DIGITS_SHARED_DATA names no folder";
    const TemporaryFolder folder;
    const auto command = fmt::format("tar xzf '{}/format-zoo-a.tar.gz' -C '{}'", data, folder.path().string());
    ASSERT_EQ(std::system(command.c_str()), 0);
    for (const auto& [name, format] :
         {TrapCase{"coco_dataset", "coco"}, TrapCase{"voc_dataset", "voc"}, TrapCase{"yolo_dataset", "yolo"},
          TrapCase{"kitti_dataset", "kitti"}, TrapCase{"cvat_dataset", "cvat"}, TrapCase{"labelme_dataset", "labelme"},
          TrapCase{"camvid_dataset", "camvid"}, TrapCase{"imagenet_dataset", "imagenet"},
          TrapCase{"imagenet_txt_dataset", "imagenet_txt"}, TrapCase{"celeba_dataset", "celeba"},
          TrapCase{"mnist_dataset", "mnist"},
          TrapCase{"common_semantic_segmentation_dataset", "common_semantic_segmentation"},
          TrapCase{"image_dir_dataset", "image_dir"}, TrapCase{"open_images_dataset", "open_images"},
          TrapCase{"tabular_dataset", "tabular"}}) {
        const auto found = recognized(folder.path() / "format-zoo-a" / name);
        ASSERT_FALSE(found.empty()) << name;
        EXPECT_EQ(found[0]["format"], format) << found[0];
    }
}

}  // namespace
}  // namespace digits
