#include "engine/verify/reference_cases.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.hpp"

// digits-worker verify on cases of other programs (tests/oracle_cases).
namespace digits {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

fs::path cases() { return fs::path(DIGITS_SOURCE_DIR) / "tests/oracle_cases"; }

TEST(VerifyReference, PassesEveryCase) {
    std::ostringstream table;
    const auto passed = verify({cases()}, {}, table);
    ASSERT_TRUE(passed) << passed.error().to_string();
    EXPECT_TRUE(*passed) << table.str();
    for (const auto* area : {"coco_map", "coco_masks", "coco_iou", "segmentation", "classification", "detectnet_grid",
                             "detectnet_cluster", "detectnet_labels"})
        EXPECT_THAT(table.str(), HasSubstr(std::string("\n") + area));
}

TEST(VerifyReference, FindsWrongNumbers) {
    const TemporaryFolder folder;
    for (const auto* name :
         {"detectnet_cluster/00-one-object", "detectnet_grid/00-one-car", "segmentation/06-all-ignored"}) {
        fs::create_directories(folder.path() / name);
        fs::copy(cases() / name, folder.path() / name, fs::copy_options::recursive);
    }
    const auto expected = folder.path() / "detectnet_cluster/00-one-object/expected.json";
    auto document = *read_case_file(expected);
    document["variants"]["xywh"]["precision"] = 99.5;
    std::ofstream(expected) << document;
    fs::copy(cases() / "detectnet_grid/03-two-classes/expected.npy",
             folder.path() / "detectnet_grid/00-one-car/expected.npy", fs::copy_options::overwrite_existing);
    std::ostringstream table;
    const auto passed = verify({folder.path()}, {}, table);
    ASSERT_TRUE(passed);
    EXPECT_FALSE(*passed);
    EXPECT_THAT(table.str(), HasSubstr("/variants/xywh/precision"));
    EXPECT_THAT(table.str(), HasSubstr("expected.npy: shape is"));
    EXPECT_THAT(table.str(), HasSubstr("1 of 3 cases passed"));
}

TEST(VerifyReference, WritesWhatItComputed) {
    const TemporaryFolder folder, dump;
    fs::copy(cases() / "detectnet_grid/00-one-car/input.json", folder.path() / "input.json");
    VerifyOptions options;
    options.dump = dump.path();
    const auto* kind = find_reference_kind(folder.path());
    ASSERT_TRUE(kind);
    EXPECT_TRUE(verify_reference(*kind, folder.path(), options).passed());
    const auto out = dump.path() / folder.path().filename();
    EXPECT_EQ((*read_case_file(out / "expected.json"))["foreground_cells"], 12);
    EXPECT_EQ(*read_file(out / "expected.npy"), *read_file(cases() / "detectnet_grid/00-one-car/expected.npy"));
    fs::remove(folder.path() / "input.json");
    EXPECT_EQ(find_reference_kind(folder.path()), nullptr);
}

TEST(VerifyReference, SaysWhatACaseLacks) {
    const TemporaryFolder folder;
    std::ofstream(folder.path() / "input.json") << R"({"boxes": [], "parameters": {"gridbox_type": "GRIDBOX_ODD"}})";
    const auto* kind = find_reference_kind(folder.path());
    ASSERT_TRUE(kind);
    EXPECT_THAT(verify_reference(*kind, folder.path(), {}).problem, HasSubstr("GRIDBOX_ODD"));
    std::ofstream(folder.path() / "input.json") << R"({"boxes": 5, "parameters": {}})";
    EXPECT_THAT(verify_reference(*kind, folder.path(), {}).problem, HasSubstr("cannot be read"));
}

}  // namespace
}  // namespace digits
