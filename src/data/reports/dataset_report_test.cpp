#include "data/reports/dataset_report.hpp"

#include <gmock/gmock.h>

#include "data/image_findings.hpp"
#include "data/reports/resize_example.hpp"
#include "data/testing.hpp"
#include "image/encode.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::EndsWith;
using testing::SizeIs;
using testing::StartsWith;

DatasetSpec spec_of(const fs::path& folder, const fs::path& val = {}) {
    auto spec =
        parse_dataset_spec({{"source", {{"path", folder.string()}, {"val_path", val.string()}, {"percent_val", 0}}},
                            {"image", {{"width", 8}, {"height", 6}, {"channels", 3}}},
                            {"threads", 2}});
    EXPECT_TRUE(spec) << spec.error().to_string();
    return *spec;
}

void add_image(const fs::path& path, int start) { put_file(path, *encode_png(ramp(5, 4, 3, start))); }

json reported(const DatasetSpec& spec) {
    auto report = report_dataset(spec, std::chrono::seconds(30));
    EXPECT_TRUE(report) << report.error().to_string();
    return report.value_or(json::object());
}

TEST(DatasetReport, names_images_that_cannot_be_read_and_weighs_the_classes) {
    const TemporaryFolder folder;
    for (int i = 0; i < 9; ++i) add_image(folder.path() / fmt::format("a/{}.png", i), i);
    for (int i = 0; i < 3; ++i) add_image(folder.path() / fmt::format("b/{}.png", i), 100 + i);
    put_file(folder.path() / "b/bad.png", "x");
    const auto report = reported(spec_of(folder.path()));
    EXPECT_EQ(report["checked"], 13);
    EXPECT_EQ(report["all"], true);
    EXPECT_EQ(report["unreadable"]["count"], 1);
    EXPECT_THAT(report["unreadable"]["images"][0]["path"].get<std::string>(), EndsWith("b/bad.png"));
    EXPECT_DOUBLE_EQ(report["imbalance"]["ratio"].get<double>(), 9.0 / 4);
    EXPECT_EQ(report["imbalance"]["verdict"], "uneven");
    EXPECT_EQ(report["duplicates"]["groups"], 0);
    EXPECT_GT(report["bytes"].get<double>(), 0);
    EXPECT_GT(report["seconds"].get<double>(), 0);
}

TEST(DatasetReport, tells_the_median_size_of_the_images_as_they_are) {
    const TemporaryFolder folder;
    for (int i = 0; i < 5; ++i)
        put_file(folder.path() / fmt::format("{}/{}.png", i < 3 ? "a" : "b", i),
                 *encode_png(ramp(10 * (i + 1), 9 - i, 3, i)));
    put_file(folder.path() / "a/bad.png", "x");
    const auto report = reported(spec_of(folder.path()));
    EXPECT_EQ(report["median_size"], (json{{"width", 30}, {"height", 7}}));
    const TemporaryFolder unreadable;
    for (const auto* name : {"a/0.png", "a/1.png", "b/0.png", "b/1.png"}) put_file(unreadable.path() / name, "x");
    EXPECT_EQ(reported(spec_of(unreadable.path()))["median_size"], json());
}

TEST(DatasetReport, finds_equal_images_the_worst_first) {
    const TemporaryFolder folder;
    const auto train = folder.path() / "train", val = folder.path() / "val";
    for (int i = 0; i < 4; ++i) {
        add_image(train / fmt::format("a/{}.png", i), i);
        add_image(train / fmt::format("b/{}.png", i), 50 + i);
        add_image(val / fmt::format("a/{}.png", i), 100 + i);
        add_image(val / fmt::format("b/{}.png", i), 150 + i);
    }
    add_image(train / "a/again.png", 2);
    add_image(val / "a/leak.png", 51);
    const auto found = reported(spec_of(train, val))["duplicates"];
    EXPECT_EQ(found["groups"], 2);
    EXPECT_EQ(found["images"], 4);
    EXPECT_EQ(found["across_splits"], 1);
    EXPECT_EQ(found["contradicting"], 1);
    ASSERT_THAT(found["examples"], SizeIs(2));
    EXPECT_THAT(found["examples"][0][0]["path"].get<std::string>(), EndsWith("train/b/1.png"));
    EXPECT_EQ(found["examples"][0][1]["split"], "val");
}

TEST(DatasetReport, tells_what_the_files_are) {
    const TemporaryFolder folder;
    const auto stored = fs::path(DIGITS_SOURCE_DIR) / "tests/images/in";
    for (int i = 0; i < 3; ++i) {
        add_image(folder.path() / fmt::format("a/{}.png", i), i);
        put_file(folder.path() / fmt::format("broken/{}.png", i), "x");
    }
    put_file(folder.path() / "b/turned.jpg", text_of(stored / "turned.jpg"));
    put_file(folder.path() / "b/deep.pgm", std::string("P5 4 1 65535\n\0\3\0\x10\x04\0\x0f\xab", 21));
    auto spec = spec_of(folder.path());
    const auto report = reported(spec);
    EXPECT_EQ(report["turned"], 1);
    EXPECT_EQ(report["unreadable_classes"], (json{"broken"}));
    EXPECT_EQ(report["depth"]["dark"], 1);
    EXPECT_EQ(report["depth"]["lowest"], 3);
    EXPECT_EQ(report["depth"]["highest"], 4011);
    EXPECT_EQ(report["depth"]["suggested"], (json{0, 4095}));
    spec.image.value_range = {0, 4095};
    const auto scaled = reported(spec);
    EXPECT_EQ(scaled["depth"]["dark"], 0);
    EXPECT_EQ(scaled["depth"]["suggested"], json::array());
}

TEST(DatasetReport, suggests_a_range_that_keeps_the_values) {
    const auto suggested = [](double lowest, double highest, double white, bool floating) {
        ImageFacts facts;
        facts.bits = floating ? 32 : 16;
        facts.floating = floating;
        facts.white = white;
        facts.range = {lowest, highest};
        ImageFindings findings;
        findings.add(facts, false);
        return findings.suggested_range();
    };
    EXPECT_EQ(suggested(3, 1023, 65535, false), (std::vector<double>{0, 1023}));
    EXPECT_EQ(suggested(3, 1024, 65535, false), (std::vector<double>{0, 2047}));
    EXPECT_EQ(suggested(0, 60000, 65535, false), std::vector<double>());
    EXPECT_EQ(suggested(0.1, 0.7, 0, true), (std::vector<double>{0, 1}));
    EXPECT_EQ(suggested(-2.5, 3.5, 0, true), (std::vector<double>{-2.5, 3.5}));
    EXPECT_EQ(suggested(0, 8.5, 0, true), (std::vector<double>{0, 8.5}));
}

TEST(DatasetReport, without_time_speaks_for_a_sample) {
    const TemporaryFolder folder;
    for (int i = 0; i < 200; ++i) add_image(folder.path() / fmt::format("{}/{}.png", i % 2 ? "a" : "b", i), i);
    const auto report = *report_dataset(spec_of(folder.path()), std::chrono::milliseconds(0));
    EXPECT_EQ(report["all"], false);
    EXPECT_GE(report["checked"].get<int>(), 1);
    EXPECT_LT(report["checked"].get<int>(), 200);
}

TEST(ResizeExample, shows_the_first_image_of_the_source_in_each_mode) {
    const TemporaryFolder folder;
    add_image(folder.path() / "b/1.png", 1);
    add_image(folder.path() / "a/deep/2.png", 2);
    const auto found = resize_example(spec_of(folder.path()), "");
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_THAT((*found)["image"].get<std::string>(), EndsWith("a/deep/2.png"));
    EXPECT_EQ((*found)["width"], 5);
    ASSERT_THAT((*found)["modes"], SizeIs(4));
    for (const auto& mode : (*found)["modes"])
        EXPECT_THAT(mode["data"].get<std::string>(), StartsWith("data:image/png;base64,iVBORw0KGgo"));
}

TEST(ResizeExample, says_which_image_cannot_be_read) {
    const TemporaryFolder folder;
    put_file(folder.path() / "a/1.png", "no image");
    const auto found = resize_example(spec_of(folder.path()), "");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(found.error().where, EndsWith("a/1.png"));
}

}  // namespace
}  // namespace digits
