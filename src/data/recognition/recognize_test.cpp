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

/// Images in `images`, a row of boxes for each in `labels`, and a file of the class names.
void put_yolo(const fs::path& images, const fs::path& labels, int count, const std::string& row) {
    for (int i = 0; i < count; ++i) {
        put_file(images / fmt::format("{}.png", i), *encode_png(ramp(40, 30, 3)));
        put_file(labels / fmt::format("{}.txt", i), row);
    }
}

void put_voc(const fs::path& folder, int first, int count) {
    for (int i = first; i < first + count; ++i)
        put_file(folder / fmt::format("{}.xml", i),
                 "<annotation><object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax>"
                 "<ymax>9</ymax></bndbox></object></annotation>");
}

TEST(Recognize, takes_each_config_for_a_dataset_of_its_own_with_the_images_beside_it) {
    const TemporaryFolder folder;
    const auto& root = folder.path();
    put_yolo(root / "images/train2017", root / "object_detection/labels/train2017", 5, "1 0.5 0.5 0.2 0.2\n");
    for (int i = 0; i < 3; ++i) {
        put_file(root / fmt::format("polygons/labels/train2017/{}.txt", i), "2 0.1 0.1 0.6 0.1 0.6 0.6\n");
        put_file(root / fmt::format("semantic/masks/train2017/{}.png", i), *encode_png(ramp(40, 30, 1)));
    }
    const std::string places = "path: .\ntrain: images/train2017\nval: images/val2017\n";
    put_file(root / "object_detection/config.yaml", places + "names: [cat, dog]\n");
    put_file(root / "polygons/config.yaml", places + "names: {1: cat, 2: dog}\n");
    const auto found = recognized(root);
    ASSERT_GE(found.size(), 2U);
    EXPECT_EQ(found[0]["text"], "YOLO, 5 images, 2 classes, data.yaml found") << found[0];
    EXPECT_EQ(found[0]["source"]["folder"], (root / "object_detection").string());
    EXPECT_EQ(found[0]["source"]["images"], (root / "images").string());
    EXPECT_EQ(found[1]["source"]["folder"], (root / "polygons").string()) << found[1];
    // The folder of one kind of labels, with the images beside it.
    const auto inner = recognized(root / "object_detection");
    ASSERT_FALSE(inner.empty());
    EXPECT_EQ(inner[0]["text"], "YOLO, 5 images, 2 classes, data.yaml found");
    // But not where nobody may read them.
    const auto guarded = recognize_folder((root / "object_detection").string(), {(root / "object_detection").string()});
    ASSERT_TRUE(guarded) << guarded.error().to_string();
    EXPECT_TRUE((*guarded)["found"].empty()) << *guarded;
}

TEST(Recognize, takes_only_the_images_that_data_yaml_names) {
    const TemporaryFolder folder;
    put_yolo(folder.path() / "images", folder.path() / "labels", 4, "0 0.5 0.5 0.2 0.2\n");
    for (int i = 0; i < 9; ++i) {
        put_file(folder.path() / fmt::format("masks/m{}.png", i), *encode_png(ramp(40, 30, 1)));
        put_file(folder.path() / fmt::format("extra/e{}.png", i), *encode_png(ramp(40, 30, 1)));
    }
    // Masks are not taken for images where no file says where these are, either.
    EXPECT_EQ(recognized(folder.path())[0]["images"], 13);
    put_file(folder.path() / "data.yaml", "train: images\nnames: [cat]\n");
    EXPECT_EQ(recognized(folder.path())[0]["text"], "YOLO, 4 images, 1 class, data.yaml found");
}

TEST(Recognize, puts_what_labels_most_images_first) {
    const TemporaryFolder folder;
    const auto& root = folder.path();
    put_yolo(root / "images", root / "some/yolo", 8, "");
    for (int i = 1; i < 8; ++i) fs::remove(root / fmt::format("some/yolo/{}.txt", i));
    put_file(root / "some/yolo/0.txt", "0 0.5 0.5 0.2 0.2\n");
    put_voc(root / "some/xml", 0, 8);
    put_voc(root / "few", 0, 2);
    // What a network answered, with scores, is not a dataset.
    put_file(root / "some/answers/0.txt", "0 0.9 0.5 0.5 0.2 0.2\n");
    const auto found = recognized(root);
    ASSERT_EQ(found.size(), 3U) << found;
    EXPECT_EQ(found[0]["source"]["annotations"], (root / "some/xml").string());
    EXPECT_EQ(found[1]["source"]["annotations"], (root / "few").string()) << "two of two images have labels";
    EXPECT_EQ(found[2]["format"], "yolo") << "one of eight images has a label";
}

TEST(Recognize, finds_masks_by_the_words_of_folders) {
    const TemporaryFolder folder;
    const auto put = [&](const char* name, int count, int channels) {
        for (int i = 0; i < count; ++i)
            put_file(folder.path() / name / fmt::format("{}.png", i), *encode_png(ramp(8, 6, channels)));
    };
    put("images_prepped_train", 5, 3);
    put("annotations_prepped_train", 5, 1);
    put("images_prepped_test", 3, 3);
    put("annotations_prepped_test", 3, 1);
    const auto found = recognized(folder.path());
    ASSERT_EQ(found.size(), 1U) << found;
    EXPECT_EQ(found[0]["format"], "masks");
    EXPECT_EQ(found[0]["images"], 8);
    EXPECT_THAT(found[0]["source"]["test_masks"].get<std::string>(), HasSubstr("annotations_prepped_test"));
    // Classes whose names have such a word.
    const TemporaryFolder classes;
    for (const char* name : {"face/0.png", "face/1.png", "face_mask/0.png", "face_mask/1.png"})
        put_file(classes.path() / name, *encode_png(ramp(8, 6, 3)));
    EXPECT_EQ(recognized(classes.path())[0]["format"], "imagenet");
}

TEST(Recognize, reads_the_classes_of_masks_of_instances) {
    const TemporaryFolder folder;
    put_file(folder.path() / "image_2/a.png", *encode_png(ramp(3, 1, 3)));
    put_file(folder.path() / "instance/a.png", *encode_png(DeepImage{3, 1, 1, {3 * 256, 27 * 256 + 1, 27 * 256 + 2}}));
    const auto found = recognized(folder.path());
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(found[0]["format"], "masks");
    EXPECT_EQ(found[0]["classes"], 28) << "up to class 27, not up to 27 * 256 + 2";
}

TEST(Recognize, finds_nothing_where_nothing_is) {
    const TemporaryFolder folder;
    EXPECT_TRUE(recognized(folder.path()).empty());
    EXPECT_FALSE(recognize_folder((folder.path() / "none").string(), {}));
    const TemporaryFolder elsewhere;
    EXPECT_FALSE(recognize_folder(folder.path().string(), {elsewhere.path().string()}));
}

/// The collection of real datasets, unpacked once.
class RecognizeRealData : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        const char* data = std::getenv("DIGITS_SHARED_DATA");
        if (!data) return;
        folder_.emplace();
        for (const char* archive :
             {"bccd-voc", "camvid", "coco-val2014-100-json", "coco128-train", "detect-8-formats", "dolphins-seahorses",
              "facades-pairs", "format-zoo-a", "isbi2012-membrane", "kitti-18", "nuclei-dsb2018", "orl-faces-pgm",
              "raccoon-voc", "seg-index-small", "voc-palette-labelme"}) {
            const auto command = fmt::format("tar xzf '{}/{}.tar.gz' -C '{}'", data, archive, folder_->path().string());
            ASSERT_EQ(std::system(command.c_str()), 0);
        }
    }
    static void TearDownTestSuite() { folder_.reset(); }
    void SetUp() override {
        if (!folder_) GTEST_SKIP() << "DIGITS_SHARED_DATA names no folder";
    }
    inline static std::optional<TemporaryFolder> folder_;
};

/// What is said first of each dataset.
TEST_F(RecognizeRealData, says_first_what_labels_most_images) {
    struct RealCase {
        const char* folder;
        const char* text;
    };
    for (const auto& [name, text] :
         {RealCase{"BCCD", "Pascal VOC, 364 images, 3 classes, ImageSets found"},
          RealCase{"CamVid", "CamVid, 468 images, 12 classes"},
          RealCase{"coco128-train", "YOLO, 128 images, 80 classes, data.yaml found"},
          RealCase{"coco128-train/object_detection", "YOLO, 128 images, 80 classes, data.yaml found"},
          RealCase{"coco128-train/instance_segmentation", "YOLO, 128 images, 91 classes, data.yaml found"},
          RealCase{"coco128-train/panoptic_segmentation", "COCO panoptic, 100 images, 134 classes"},
          RealCase{"detect-8-formats", "Pascal VOC, 100 images, 20 classes"},
          RealCase{"detect-8-formats/toyexample", "COCO, 10 images, 1 class"},
          RealCase{"dolphins-seahorses/dolphins-and-seahorses", "Folders of classes, 122 images, 2 classes"},
          RealCase{"facades-pairs",
                   "Pairs of images, 110 images, JPEG files do not keep the values of pixels, so those of the second "
                   "folder are not masks"},
          RealCase{"isbi2012-membrane", "Images and masks, 30 images, 2 classes"},
          RealCase{"kitti-18", "KITTI, 18 images, 16 classes"},
          RealCase{"nuclei-dsb2018", "Masks of instances, 57 images, 2 classes"},
          RealCase{"orl-faces-pgm", "Folders of classes, 400 images, 40 classes"},
          RealCase{"raccoon-voc", "Pascal VOC, 152 images, 1 class"},
          RealCase{"seg-index-small/camvid-prepped", "Images and masks, 8 images, 12 classes"},
          RealCase{"seg-index-small/ade20k/sampleData", "Images and masks, 3 images, 104 classes"},
          RealCase{"voc-palette-labelme/bbox_detection/data_dataset_voc", "Pascal VOC, 3 images, 3 classes"},
          RealCase{"voc-palette-labelme/semantic_segmentation/data_dataset_voc",
                   "Pascal VOC masks, 3 images, 19 classes"},
          RealCase{"voc-palette-labelme/instance_segmentation/data_dataset_coco", "COCO, 3 images, 21 classes"},
          RealCase{"format-zoo-a/kitti_dataset/kitti_segmentation", "Images and masks, 2 images, 32 classes"},
          RealCase{"format-zoo-a/kitti_dataset/kitti_detection", "KITTI, 2 images, 16 classes"},
          RealCase{"format-zoo-a/yolo_dataset/strict", "YOLO, 1 image, 10 classes, text files of boxes found"}}) {
        const auto found = recognized(folder_->path() / name);
        ASSERT_FALSE(found.empty()) << name;
        EXPECT_EQ(found[0]["text"], std::string(text)) << name;
        EXPECT_TRUE(found[0]["error"].is_null()) << name << found[0]["error"];
    }
}

/// Fifteen formats, a folder each, of which some hold several datasets.
TEST_F(RecognizeRealData, knows_the_formats_of_other_tools) {
    for (const auto& [name, format] :
         {TrapCase{"coco_dataset", "coco"}, TrapCase{"voc_dataset", "voc"}, TrapCase{"yolo_dataset", "yolo"},
          TrapCase{"kitti_dataset", "kitti"}, TrapCase{"cvat_dataset", "cvat"}, TrapCase{"labelme_dataset", "labelme"},
          TrapCase{"camvid_dataset", "camvid"}, TrapCase{"imagenet_dataset", "imagenet"},
          TrapCase{"imagenet_txt_dataset", "imagenet_txt"}, TrapCase{"celeba_dataset", "celeba"},
          TrapCase{"mnist_dataset", "mnist"},
          TrapCase{"common_semantic_segmentation_dataset", "common_semantic_segmentation"},
          TrapCase{"image_dir_dataset", "image_dir"}, TrapCase{"open_images_dataset", "open_images"},
          TrapCase{"tabular_dataset", "tabular"}}) {
        const auto found = recognized(folder_->path() / "format-zoo-a" / name);
        ASSERT_FALSE(found.empty()) << name;
        EXPECT_EQ(found[0]["format"], format) << found[0];
    }
}

}  // namespace
}  // namespace digits
