#include "data/records/target_codec.hpp"

#include <gtest/gtest.h>

#include "data/prepare_image.hpp"
#include "data/testing.hpp"

namespace digits {
namespace {

Boxes two_boxes() {
    Box car{10.5, 20, 30.25, 60, 1};
    car.kitti = {-1.5f, 0.25f, 0.5f, 2, {4, 1.5f, 1.75f}, {-3, 1.5f, 30}};
    Box crowd{0, 0, 8, 8, 300};
    crowd.crowd = crowd.difficult = true;
    return {{car, crowd}};
}

Target read_back(const Target& target, const TargetLayout& layout) {
    const auto bytes = pack_target(target, layout);
    EXPECT_TRUE(bytes) << bytes.error().to_string();
    const auto datum = parse_datum(*bytes);
    EXPECT_TRUE(datum) << datum.error().to_string();
    auto again = unpack_target(*datum, target_kind(target));
    EXPECT_TRUE(again) << again.error().to_string();
    return *again;
}

TEST(TargetCodec, boxes_are_the_label_array_of_detectnet) {
    const auto array = target_array(two_boxes(), {3, RecordEncoding::kNone});
    ASSERT_TRUE(array);
    EXPECT_EQ(array->shape, (std::vector{1, 4, 16}));
    const std::vector<float> wanted{2,    16, 0,     0,  0,    0,   0, 0,    0,   0, 0, 0,   0,    0,  0,   0,   //
                                    10.5, 20, 19.75, 40, -1.5, 1,   0, 0.25, 0.5, 2, 4, 1.5, 1.75, -3, 1.5, 30,  //
                                    0,    0,  8,     8,  0,    300, 3, 0,    0,   0, 0, 0,   0,    0,  0,   0,   //
                                    0,    0,  0,     0,  0,    0,   0, 0,    0,   0, 0, 0,   0,    0,  0,   0};
    EXPECT_EQ(array->values, wanted);
    const auto too_many = target_array(two_boxes(), {1, RecordEncoding::kNone});
    ASSERT_FALSE(too_many);
    EXPECT_EQ(too_many.error().code, ErrorCode::kInvalidArgument);
}

TEST(TargetCodec, reads_what_it_packed) {
    EXPECT_EQ(read_back(two_boxes(), {5, RecordEncoding::kNone}), Target(two_boxes()));
    EXPECT_EQ(read_back(Boxes(), {}), Target(Boxes()));
    const Mask small{3, 2, {0, 1, 255, 2, 0, 7}};
    const Mask large{2, 1, {300, 65535}};
    for (const auto encoding : {RecordEncoding::kNone, RecordEncoding::kPng}) {
        EXPECT_EQ(read_back(small, {0, encoding}), Target(small));
        EXPECT_EQ(read_back(large, {0, encoding}), Target(large));
        EXPECT_EQ(read_back(ramp(5, 4, 3), {0, encoding}), Target(ramp(5, 4, 3)));
    }
    const Tensor tensor{{1, 2, 2}, {0.5, -1, 2, 3}};
    EXPECT_EQ(read_back(tensor, {}), Target(tensor));
}

TEST(TargetCodec, refuses_records_that_are_no_such_target) {
    const auto image = raw_datum(ramp(4, 4, 3), 0);
    const auto datum = parse_datum(image);
    for (const auto kind : {TargetKind::kBoxes, TargetKind::kMask}) {
        const auto target = unpack_target(*datum, kind);
        ASSERT_FALSE(target);
        EXPECT_EQ(target.error().code, ErrorCode::kDataLoss);
    }
    // A count beyond the rows is cut.
    std::vector<float> rows(32);
    rows[0] = 1e9f;
    EXPECT_EQ(boxes_of_array(rows).boxes.size(), 1U);
}

Sample sample_of(int width, int height, Target target) {
    Sample sample;
    sample.images.push_back(ramp(width, height, 1));
    sample.target = std::move(target);
    return sample;
}

TEST(PrepareSample, places_boxes_as_the_image) {
    ImageSpec spec{20, 20, 1, ResizeMode::kSquash, {}};
    const auto at = [&](ResizeMode mode) {
        spec.resize = mode;
        const auto prepared = prepare_sample(sample_of(40, 20, Boxes{{{10, 5, 30, 15}}}), spec, 1, std::nullopt);
        EXPECT_TRUE(prepared) << prepared.error().to_string();
        const auto& box = std::get<Boxes>(prepared->target).boxes[0];
        return std::array{box.left, box.top, box.right, box.bottom};
    };
    EXPECT_EQ(at(ResizeMode::kSquash), (std::array{5., 5., 15., 15.}));
    EXPECT_EQ(at(ResizeMode::kFill), (std::array{5., 7.5, 15., 12.5}));
    EXPECT_EQ(at(ResizeMode::kCrop), (std::array{0., 5., 20., 15.}));
    EXPECT_EQ(at(ResizeMode::kNone), (std::array{10., 5., 30., 15.}));
}

TEST(PrepareSample, resizes_masks_without_new_classes_and_pads_with_the_ignored_one) {
    Mask mask{4, 2, {1, 1, 2, 2, 3, 3, 4, 4}};
    ImageSpec spec{2, 2, 1, ResizeMode::kSquash, {}};
    const auto squashed = prepare_sample(sample_of(4, 2, mask), spec, 1, 255);
    ASSERT_TRUE(squashed);
    EXPECT_EQ(std::get<Mask>(squashed->target), (Mask{2, 2, {1, 2, 3, 4}}));
    spec = {4, 4, 1, ResizeMode::kFill, {}};
    const auto filled = prepare_sample(sample_of(4, 2, mask), spec, 1, 255);
    ASSERT_TRUE(filled);
    EXPECT_EQ(std::get<Mask>(filled->target),
              (Mask{4, 4, {255, 255, 255, 255, 1, 1, 2, 2, 3, 3, 4, 4, 255, 255, 255, 255}}));
    const auto wrong = prepare_sample(sample_of(5, 2, mask), spec, 1, 255);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().message, "the mask is 4 x 2, its image is 5 x 2");
}

TEST(PrepareSample, places_points_where_the_pixels_go) {
    // A bright pixel must be found where its placement says.
    for (const auto mode : {ResizeMode::kSquash, ResizeMode::kCrop, ResizeMode::kFill, ResizeMode::kHalfCrop})
        for (const auto& [width, height] : {std::pair{60, 30}, {31, 64}, {50, 50}}) {
            Image image;
            image.reset(width, height, 1);
            std::ranges::fill(image.pixels, std::uint8_t{0});
            const int x = width / 2, y = height / 2;
            image.row(y)[x] = 255;
            const auto placement = fit_placement(width, height, 90, 90, mode);
            const auto fitted = fit_image(image, 90, 90, mode, 3);
            const auto at_x = static_cast<int>(placement.x(x + 0.5)), at_y = static_cast<int>(placement.y(y + 0.5));
            ASSERT_TRUE(at_x >= 0 && at_x < 90 && at_y >= 0 && at_y < 90);
            EXPECT_GT(fitted.row(at_y)[at_x], 60) << enum_name(mode) << ' ' << width << ' ' << height;
            EXPECT_DOUBLE_EQ(placement.original_x(placement.x(x)), x);
        }
}

}  // namespace
}  // namespace digits
