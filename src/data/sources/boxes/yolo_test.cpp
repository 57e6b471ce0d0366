#include <gtest/gtest.h>

#include "data/builder.hpp"
#include "data/testing.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json scan(const fs::path& folder) {
    const json source{{"type", "yolo"}, {"folder", folder.string()}, {"percent_val", 0}};
    const json document{{"source", source}};
    const auto spec = parse_dataset_spec(document);
    EXPECT_TRUE(spec) << spec.error().to_string();
    const auto found = scan_dataset(*spec);
    EXPECT_TRUE(found) << found.error().to_string();
    return found.value_or(json::object());
}

class YoloFiles : public testing::Test {
  protected:
    void put_label(const std::string& text) {
        put_file(folder_.path() / "images/a.pgm", "P5 10 10 255\n" + std::string(100, '\0'));
        put_file(folder_.path() / "labels/a.txt", text);
    }
    TemporaryFolder folder_;
};

TEST_F(YoloFiles, keep_their_numbers_where_two_classes_have_one_name) {
    put_label("2 0.5 0.5 0.2 0.2\n");
    put_file(folder_.path() / "data.yaml", "names: [cat, cat, dog]\n");
    const auto found = scan(folder_.path());
    EXPECT_EQ(found["labels"], (json{"cat", "cat", "dog"}));
    EXPECT_EQ(found["samples"][0]["boxes"][0][4], "dog");
}

TEST_F(YoloFiles, number_classes_without_names_by_their_value) {
    put_label("10 0.5 0.5 0.2 0.2\n2 0.2 0.2 0.2 0.2\n");
    const auto found = scan(folder_.path());
    EXPECT_EQ(found["labels"], (json{"2", "10"}));
}

TEST_F(YoloFiles, may_hold_polygons) {
    put_label("0 0.1 0.2 0.5 0.2 0.5 0.8\n");
    const auto found = scan(folder_.path());
    const auto& box = found["samples"][0]["boxes"][0];
    EXPECT_NEAR(box[0].get<double>(), 1, 1e-9);
    EXPECT_NEAR(box[1].get<double>(), 2, 1e-9);
    EXPECT_NEAR(box[2].get<double>(), 4, 1e-9);
    EXPECT_NEAR(box[3].get<double>(), 6, 1e-9);
}

TEST_F(YoloFiles, name_the_line_that_is_wrong) {
    put_label("0 0.5 0.5 0.2 0.2\n0 0.5 0.5\n0 a 0.5 0.2 0.2\n");
    const auto found = scan(folder_.path());
    const auto& rows = found["problems"]["bad_row"]["items"];
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0]["line"], 2);
    EXPECT_EQ(rows[1]["line"], 3);
    EXPECT_EQ(rows[1]["detail"], "\"a\" is not a number");
    EXPECT_EQ(found["boxes"], 1);
}

}  // namespace
}  // namespace digits
