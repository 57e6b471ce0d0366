#include "caffe/smallest_object.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.hpp"
#include "caffe/prototxt.hpp"

namespace digits {
namespace {

std::optional<SmallestObject> of_file(const char* path) {
    const auto file = std::filesystem::path(DIGITS_SOURCE_DIR) / path;
    return smallest_object(*parse_net_text(*read_file(file), path));
}

std::optional<double> of_text(const std::string& text) {
    const auto smallest = smallest_object(*parse_net_text("layer { name: \"one\" " + text + " }", "net"));
    return smallest ? std::optional(smallest->side_px) : std::nullopt;
}

TEST(SmallestObject, IsACellOfTheFinestStride) {
    EXPECT_EQ(of_file("networks/detector.prototxt")->side_px, 8);
    EXPECT_EQ(of_text("type: \"DetectionLoss\" detection_loss_param { stride: 16 stride: 4 }"), 4);
}

TEST(SmallestObject, IsTheSmallestPriorBoxOfSsd) {
    const auto ssd = of_file("tests/oracle/ssd.prototxt");
    ASSERT_TRUE(ssd);
    EXPECT_GT(ssd->side_px, 0);
    EXPECT_FALSE(ssd->layer.empty());
    EXPECT_EQ(of_text("type: \"PriorBox\" prior_box_param { min_size: 60 min_size: 30 }"), 30);
}

TEST(SmallestObject, CoversACellOfDetectNet) {
    const auto of_grid = [](const std::string& fields) {
        return of_text("type: \"DetectNetTransformation\" detectnet_groundtruth_param { stride: 16 " + fields + " }");
    };
    EXPECT_FLOAT_EQ(static_cast<float>(*of_grid("scale_cvg: 0.4")), 40);
    EXPECT_FLOAT_EQ(static_cast<float>(*of_grid("scale_cvg: 0.4 gridbox_type: GRIDBOX_MIN min_cvg_len: 20")), 16);
    EXPECT_FLOAT_EQ(static_cast<float>(*of_grid("scale_cvg: 0.4 gridbox_type: GRIDBOX_MIN min_cvg_len: 10")), 40);
}

TEST(SmallestObject, IsNoneOfOtherNetworks) { EXPECT_FALSE(of_file("networks/lenet.prototxt")); }

}  // namespace
}  // namespace digits
