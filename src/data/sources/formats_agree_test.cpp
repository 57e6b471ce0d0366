// The same objects of the same images in the formats of several tools: detect-8-formats of the shared data.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "data/open_source.hpp"
#include "data/testing.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class FormatsAgree : public testing::Test {
  protected:
    void SetUp() override {
        const char* data = std::getenv("DIGITS_SHARED_DATA");
        if (!data) GTEST_SKIP() << "DIGITS_SHARED_DATA names no folder";
        const auto command = fmt::format("tar xzf '{}/detect-8-formats.tar.gz' -C '{}'", data, place_.path().string());
        ASSERT_EQ(std::system(command.c_str()), 0);
        folder_ = place_.path() / "detect-8-formats";
        truth_ = json::parse(text_of(folder_ / "boxes_truth.json"));
    }

    /// Each box of the truth is there, within what rounding in the format loses, and no other.
    void expect_truth(json source, bool all_images = true) {
        source["percent_val"] = 0;
        const auto spec = parse_dataset_spec({{"type", "detection"}, {"source", source}});
        ASSERT_TRUE(spec) << spec.error().to_string();
        const auto opened = open_source(*spec);
        ASSERT_TRUE(opened) << opened.error().to_string();
        const auto& labels = (*opened)->facts().labels;
        std::size_t boxes = 0;
        for (std::size_t i = 0; i < (*opened)->size(Split::kTrain); ++i) {
            const auto stem = fs::path((*opened)->name(Split::kTrain, i).path).stem().string();
            ASSERT_TRUE(truth_.contains(stem)) << stem;
            const auto target = (*opened)->target(Split::kTrain, i);
            const auto& found = std::get<Boxes>(target).boxes;
            boxes += found.size();
            EXPECT_EQ(found.size(), truth_[stem].size()) << stem;
            for (const auto& wanted : truth_[stem]) {
                const bool is_there = std::ranges::any_of(found, [&](const Box& box) {
                    return labels[static_cast<std::size_t>(box.label)] == wanted[0] &&
                           std::abs(box.left - wanted[1].get<double>()) < 1.01 &&
                           std::abs(box.top - wanted[2].get<double>()) < 1.01 &&
                           std::abs(box.right - wanted[3].get<double>()) < 1.01 &&
                           std::abs(box.bottom - wanted[4].get<double>()) < 1.01;
                });
                EXPECT_TRUE(is_there) << stem << ' ' << wanted;
            }
        }
        if (all_images) {
            EXPECT_EQ(boxes, 273U);
        }
    }
    std::string at(const char* part) const { return (folder_ / part).string(); }

    TemporaryFolder place_;
    fs::path folder_;
    json truth_;
};

TEST_F(FormatsAgree, voc) {
    expect_truth({{"type", "voc"}, {"annotations", at("gts/pascalvoc_format")}, {"images", at("images")}});
}
TEST_F(FormatsAgree, voc_of_imagenet) {
    expect_truth({{"type", "voc"}, {"annotations", at("gts/imagenet_format/Annotations")}, {"images", at("images")}});
}
TEST_F(FormatsAgree, coco) {
    for (const char* file : {"gts/coco_format_v1/instances_default.json", "gts/coco_format_v2/instances_v2.json"})
        expect_truth({{"type", "coco"}, {"json", at(file)}, {"images", at("images")}});
}
TEST_F(FormatsAgree, yolo) {
    const auto folder = folder_ / "gts/yolo_format";
    fs::rename(folder_ / "images", folder / "images");
    expect_truth({{"type", "yolo"}, {"folder", folder.string()}});
}
TEST_F(FormatsAgree, open_images) {
    expect_truth({{"type", "box_table"},
                  {"table", at("gts/openimages_format/all_bounding_boxes.csv")},
                  {"images", at("images")}});
}
TEST_F(FormatsAgree, cvat) {
    expect_truth({{"type", "cvat"}, {"xml", at("gts/cvat_format/annotations.xml")}, {"images", at("images")}});
}
TEST_F(FormatsAgree, labelme) {
    expect_truth({{"type", "labelme"}, {"folder", at("gts/labelme_format")}, {"images", at("images")}}, false);
}

}  // namespace
}  // namespace digits
