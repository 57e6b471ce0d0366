#include "data/dataset_facts.hpp"

#include <gmock/gmock.h>

#include "data/testing.hpp"

namespace digits {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

/// As version 0.1.0 wrote it.
json first_format() {
    return json::parse(R"({
        "format": 1, "type": "classification",
        "image": {"width": 28, "height": 20, "channels": 1, "resize": "fill"},
        "storage": {"backend": "lmdb", "encoding": "png", "compression": "none"},
        "labels": ["0", "1"],
        "splits": {"train": {"count": 45, "db": "train_db", "list": "train.txt", "per_class": [20, 25]}},
        "mean_file": "mean.binaryproto", "mean_pixel": [33.3],
        "unreadable": {"count": 2, "file": "unreadable.txt"}, "bytes": 7, "seconds": 1.5, "images_per_s": 30})");
}

TEST(DatasetFacts, reads_the_first_format) {
    const TemporaryFolder folder;
    put_file(folder.path() / "dataset.json", first_format().dump());
    const auto facts = read_dataset_facts(folder.path());
    ASSERT_TRUE(facts) << facts.error().to_string();
    EXPECT_EQ(facts->task, "classification");
    EXPECT_EQ(facts->target, TargetKind::kClass);
    EXPECT_EQ(facts->image.height, 20);
    EXPECT_EQ(facts->image.resize, ResizeMode::kFill);
    EXPECT_THAT(facts->labels, ElementsAre("0", "1"));
    const auto* train = facts->find_split("train");
    ASSERT_NE(train, nullptr);
    EXPECT_EQ(train->count, 45U);
    EXPECT_THAT(train->per_class, ElementsAre(20U, 25U));
    EXPECT_FALSE(train->label_db);
    EXPECT_EQ(facts->find_split("val"), nullptr);
    EXPECT_THAT(*facts->mean_pixel, ElementsAre(33.3));
}

TEST(DatasetFacts, writes_what_it_reads_and_all_that_the_first_format_has) {
    const auto facts = *parse_dataset_facts(first_format());
    const TemporaryFolder folder;
    ASSERT_TRUE(write_dataset_facts(folder.path(), facts));
    const auto written = json::parse(text_of(folder.path() / "dataset.json"));
    EXPECT_EQ(to_json(*read_dataset_facts(folder.path())), written);
    auto merged = written;
    merged.merge_patch(first_format());
    EXPECT_EQ(merged, written) << "only members are added";
}

TEST(DatasetFacts, passes_over_members_of_later_versions) {
    auto later = first_format();
    later["colour_space"] = "srgb";
    later["image"]["gamma"] = 2.2;
    later["splits"]["train"]["shards"] = 4;
    EXPECT_TRUE(parse_dataset_facts(later));
}

TEST(DatasetFacts, keeps_names_inside_the_folder) {
    auto facts = first_format();
    facts["splits"]["train"]["db"] = "/etc/../somewhere/train_db";
    facts["mean_file"] = "../other/mean.binaryproto";
    const auto read = *parse_dataset_facts(facts);
    EXPECT_EQ(read.find_split("train")->db, "train_db");
    EXPECT_EQ(*read.mean_file, "mean.binaryproto");
}

TEST(DatasetFacts, says_what_is_wrong) {
    const TemporaryFolder folder;
    EXPECT_EQ(read_dataset_facts(folder.path()).error().code, ErrorCode::kFailedPrecondition);
    put_file(folder.path() / "dataset.json", "not JSON");
    EXPECT_EQ(read_dataset_facts(folder.path()).error().code, ErrorCode::kDataLoss);
    auto facts = first_format();
    facts["splits"]["train"]["count"] = "many";
    put_file(folder.path() / "dataset.json", facts.dump());
    const auto error = read_dataset_facts(folder.path()).error();
    EXPECT_EQ(error.code, ErrorCode::kDataLoss);
    EXPECT_THAT(error.where, HasSubstr("dataset.json:/splits/train/count"));
    facts = first_format();
    facts["format"] = 2;
    EXPECT_EQ(parse_dataset_facts(facts).error().code, ErrorCode::kUnsupported);
    facts.erase("image");
    EXPECT_EQ(parse_dataset_facts(facts).error().code, ErrorCode::kDataLoss);
    EXPECT_EQ(parse_dataset_facts(json::array()).error().code, ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace digits
