#include "data/reports/image_table.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace digits {
namespace {

using nlohmann::json;

TEST(ImageTable, FindsImagesByMarksAndOrder) {
    const TemporaryFolder folder;
    EXPECT_FALSE(ImageTable::is_in(folder.path()));
    EXPECT_EQ(ImageTable::open(folder.path()).error().code, ErrorCode::kNotFound);
    auto writer = *ImageTableWriter::create(folder.path());
    const std::vector<ImageMark> first{{0, 0}, {0, 1}}, second{{1, 1}}, third{{1, 0}, {2, 1}};
    ASSERT_TRUE(writer.add({{"index", 0}, {"image", "a"}}, 1, first));
    ASSERT_TRUE(writer.add({{"index", 2}, {"image", "b\xff"}}, 3, second));
    ASSERT_TRUE(writer.add({{"index", 5}, {"image", "c"}}, 3, third));
    ASSERT_TRUE(writer.commit());
    const auto table = ImageTable::open(folder.path());
    ASSERT_TRUE(table) << table.error().to_string();
    EXPECT_EQ(table->count(), 3U);
    const auto indices = [&](const ImageTableQuery& query) {
        std::vector<int> found;
        const auto page = table->find(query);
        for (const auto& row : page->rows) found.push_back(row["index"]);
        return found;
    };
    using Indices = std::vector<int>;
    EXPECT_EQ(indices({}), (Indices{0, 2, 5}));
    EXPECT_EQ(indices({{}, {}, {}, true, 0, 100}), (Indices{2, 5, 0})) << "of equal ones the earlier first";
    EXPECT_EQ(indices({0, {}, {}, false, 0, 100}), Indices{0}) << "two marks, one image";
    EXPECT_EQ(indices({{}, 1, {}, false, 0, 100}), (Indices{0, 2, 5}));
    EXPECT_EQ(indices({{}, {}, true, false, 0, 100}), (Indices{0, 2}));
    EXPECT_EQ(indices({{}, {}, false, false, 0, 100}), (Indices{0, 5}));
    EXPECT_EQ(indices({{}, {}, {}, false, 2, 100}), Indices{5});
    EXPECT_EQ(indices({{}, {}, {}, false, 3, 100}), Indices{});
    EXPECT_EQ(table->find({{}, {}, {}, false, 0, 1})->total, 3U);
    EXPECT_EQ((*table->row(2))["image"], "b\xef\xbf\xbd") << "a name that is not UTF-8";
    EXPECT_EQ(table->row(1).error().code, ErrorCode::kNotFound);
}

TEST(ImageTable, FindsImagesByTheErrorOfOneNumber) {
    const TemporaryFolder folder;
    auto writer = *ImageTableWriter::create(folder.path());
    // The second image has no target.
    for (const auto& errors : {std::vector{1.0F, 5.0F}, {-1.0F, -1.0F}, {3.0F, 2.0F}})
        ASSERT_TRUE(writer.add({{"index", 0}}, 0, {}, errors));
    ASSERT_TRUE(writer.add({{"index", 1}, {"image", "last"}}, 0, {}, std::vector{2.0F, 9.0F}));
    ASSERT_TRUE(writer.commit());
    const auto table = *ImageTable::open(folder.path());
    const auto order = [&](std::uint64_t number) {
        std::string found;
        const auto page = table.find({.worst_first = true, .number = number});
        for (const auto& row : page->rows) found += row.contains("image") ? 'l' : '-';
        return found;
    };
    EXPECT_EQ(order(0), "-l--");
    EXPECT_EQ(order(1), "l---");
    const auto error = table.find({.worst_first = true, .number = 2}).error();
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(error.where, "?number");
}

TEST(ImageTable, HasNoNumbersUnlessTheyWereAdded) {
    const TemporaryFolder folder;
    auto writer = *ImageTableWriter::create(folder.path());
    ASSERT_TRUE(writer.add({{"index", 0}}, 0, {}));
    ASSERT_TRUE(writer.commit());
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "images_errors.bin"));
    EXPECT_EQ(ImageTable::open(folder.path())->find({.worst_first = true, .number = 0}).error().code,
              ErrorCode::kInvalidArgument);
}

TEST(ImageTable, NamesImagesThatAnEarlierVersionCalledPictures) {
    const TemporaryFolder folder;
    auto writer = *ImageTableWriter::create(folder.path());
    ASSERT_TRUE(writer.add({{"index", 0}, {"picture", "a"}, {"width", 3}}, 1, {}));
    ASSERT_TRUE(writer.commit());
    const json row{{"index", 0}, {"image", "a"}, {"width", 3}};
    EXPECT_EQ(*ImageTable::open(folder.path())->row(0), row);
    EXPECT_EQ(ImageTable::open(folder.path())->find({})->rows, std::vector{row});
}

TEST(ImageTable, SaysWhenAFileIsDamaged) {
    const TemporaryFolder folder;
    auto writer = *ImageTableWriter::create(folder.path());
    ASSERT_TRUE(writer.add({{"index", 0}}, 0, {}));
    ASSERT_TRUE(writer.commit());
    const auto table = *ImageTable::open(folder.path());
    std::ofstream(folder.path() / "images.jsonl") << "{";
    EXPECT_EQ(table.row(0).error().code, ErrorCode::kDataLoss);
    std::ofstream(folder.path() / "images_marks.bin") << "12345";
    EXPECT_EQ(table.find({0, {}, {}, false, 0, 1}).error().code, ErrorCode::kDataLoss);
    std::ofstream(folder.path() / "images.bin") << "12345";
    EXPECT_EQ(ImageTable::open(folder.path()).error().code, ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace digits
