#include "data/sources/objects/paint.hpp"

#include <gtest/gtest.h>

#include "data/open_source.hpp"
#include "data/testing.hpp"

namespace digits {
namespace {

TEST(ClassColors, are_those_of_pascal_voc) {
    const auto colors = class_colors(256);
    EXPECT_EQ(colors[0], "#000000");
    EXPECT_EQ(colors[1], "#800000");
    EXPECT_EQ(colors[15], "#c08080");
    EXPECT_EQ(colors[255], "#e0e0c0");
}

TEST(PaintMask, puts_small_objects_over_large_ones) {
    const Outline large{{{0, 0, 4, 0, 4, 3, 0, 3}}, {}, {}};
    const Outline small{{{1, 1, 3, 1, 3, 2, 1, 2}}, {}, {}};
    const auto mask = paint_mask({{0, small}, {1, large}}, 4, 3);
    ASSERT_TRUE(mask) << mask.error().to_string();
    EXPECT_EQ(mask->ids, (std::vector<std::uint16_t>{2, 2, 2, 2, 2, 1, 1, 2, 2, 2, 2, 2}));
    Outline runs;
    runs.height = 3;
    runs.width = 4;
    runs.counts = {1, 2, 9};
    const auto painted = paint_mask({{4, runs}}, 4, 3);
    ASSERT_TRUE(painted);
    EXPECT_EQ(painted->ids, (std::vector<std::uint16_t>{0, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0}));
    EXPECT_FALSE(paint_mask({{4, runs}}, 5, 3)) << "of another size than its image";
}

TEST(PadWithBlack, refuses_larger_images) {
    const auto padded = pad_with_black(ramp(3, 2, 1, 5), 4, 3);
    ASSERT_TRUE(padded);
    EXPECT_EQ(padded->pixels[0], 5);
    EXPECT_EQ(padded->pixels[3], 0);
    EXPECT_EQ(padded->pixels[11], 0);
    EXPECT_FALSE(pad_with_black(ramp(5, 2, 1), 4, 3));
    EXPECT_FALSE(pad_with_black(ramp(3, 4, 1), 4, 3));
}

TEST(CocoPanoptic, colors_are_the_numbers_of_segments) {
    const auto folder = std::string(DIGITS_SOURCE_DIR) + "/tests/cases/sources/coco-panoptic/";
    const nlohmann::json source_json{
        {"type", "coco"}, {"json", folder + "panoptic_train.json"}, {"images", folder + "images"}};
    const nlohmann::json document{{"type", "segmentation"}, {"source", source_json}};
    const auto spec = parse_dataset_spec(document);
    ASSERT_TRUE(spec);
    const auto source = open_source(*spec);
    ASSERT_TRUE(source) << source.error().to_string();
    const auto sample = (*source)->get(Split::kTrain, 0);
    ASSERT_TRUE(sample) << sample.error().to_string();
    const auto& ids = std::get<Mask>(sample->target).ids;
    EXPECT_EQ(ids[0], 2) << "sky";
    EXPECT_EQ(ids[16], 1) << "cat";
    EXPECT_EQ(ids[47], 0);
}

}  // namespace
}  // namespace digits
