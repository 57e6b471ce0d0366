// DIGITS's label arrays for DetectNet: tests/oracle_cases/detectnet_labels has what DIGITS made of KITTI's files.

#include <gmock/gmock.h>

#include "data/open_source.hpp"
#include "data/prepare_image.hpp"
#include "data/records/target_codec.hpp"
#include "data/testing.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kCases = fs::path(DIGITS_SOURCE_DIR) / "tests/oracle_cases/detectnet_labels";

std::vector<std::string> all_cases() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(kCases))
        if (entry.is_directory()) names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
}

class DetectNetLabels : public testing::TestWithParam<std::string> {
  protected:
    const fs::path folder_ = kCases / GetParam();
    const json expected_ = json::parse(text_of(folder_ / "expected.json"));
    const bool is_val_ = expected_["stage"] == "val";

    DatasetSpec spec() const {
        const auto& options = expected_["options"];
        // A validation set needs a training set, for which it is used.
        json source{{"type", "kitti"},
                    {"labels", folder_ / "labels"},
                    {"images", folder_ / "images"},
                    {"padding_width", options.value("padding_image_width", 0)},
                    {"padding_height", options.value("padding_image_height", 0)},
                    {"val_min_box", options.value("val_min_box_size", 25)},
                    {"custom_classes", options.value("custom_classes", "")}};
        if (is_val_) {
            source["val_labels"] = folder_ / "labels";
            source["val_images"] = folder_ / "images";
        }
        json image{{"resize", "none"}};
        if (options.contains("resize_image_width"))
            image = {{"width", options["resize_image_width"]}, {"height", options["resize_image_height"]}};
        const auto spec = parse_dataset_spec({{"source", source}, {"image", image}});
        EXPECT_TRUE(spec) << spec.error().to_string();
        return *spec;
    }
    Split split() const { return is_val_ ? Split::kVal : Split::kTrain; }
};

TEST_P(DetectNetLabels, are_those_of_digits) {
    const auto spec = this->spec();
    const auto source = open_source(spec);
    if (expected_.contains("error")) {
        bool refused = !source;
        for (std::size_t i = 0; !refused && i < (*source)->size(split()); ++i) refused = !(*source)->get(split(), i);
        EXPECT_TRUE(refused);
        return;
    }
    ASSERT_TRUE(source) << source.error().to_string();
    const int most = (*source)->facts().max_boxes[static_cast<std::size_t>(split())];
    EXPECT_EQ(most, expected_["max_boxes"].get<int>());
    const auto& entries = expected_["entries"];
    ASSERT_EQ((*source)->size(split()), entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        auto sample = (*source)->get(split(), i);
        ASSERT_TRUE(sample) << sample.error().to_string();
        const auto name = fs::path(sample->name).filename().string();
        SCOPED_TRACE(name);
        ASSERT_TRUE(entries.contains(name));
        const auto prepared = prepare_sample(std::move(*sample), spec.image, 0, std::nullopt);
        ASSERT_TRUE(prepared) << prepared.error().to_string();
        EXPECT_EQ((json{prepared->image.width, prepared->image.height}), entries[name]["image_after"]);
        const auto array = target_array(prepared->target, {most, RecordEncoding::kNone});
        ASSERT_TRUE(array) << array.error().to_string();
        EXPECT_EQ(json(array->shape), entries[name]["shape"]);
        std::vector<float> wanted;
        for (const auto& row : entries[name]["label"][0])
            for (const double value : row) wanted.push_back(static_cast<float>(value));
        ASSERT_EQ(array->values.size(), wanted.size());
        for (std::size_t k = 0; k < wanted.size(); ++k)
            EXPECT_FLOAT_EQ(array->values[k], wanted[k]) << "row " << k / 16 << ", column " << k % 16;
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, DetectNetLabels, testing::ValuesIn(all_cases()), [](const auto& one) {
    auto name = one.param;
    std::ranges::replace(name, '-', '_');
    return "c" + name;
});

}  // namespace
}  // namespace digits
