#include "data/reports/prediction_table.hpp"

#include <gtest/gtest.h>

#include "base/csv.hpp"

namespace digits {
namespace {

PredictionRow row(std::uint64_t index, int truth, int predicted, float probability) {
    PredictionRow one;
    one.index = index;
    one.name = "image " + std::to_string(index);
    one.truth = truth;
    one.classes[0] = predicted;
    one.probabilities[0] = probability;
    return one;
}

class PredictionTableTest : public testing::Test {
  protected:
    void SetUp() override {
        auto writer = PredictionWriter::create(folder_.path());
        ASSERT_TRUE(writer);
        for (const auto& one : {row(0, 0, 0, 0.9F), row(1, 0, 1, 0.6F), row(2, 1, 0, 0.8F), row(3, -1, 1, 0.7F),
                                row(4, 1, -1, 0), row(5, 0, 1, 0.95F)})
            ASSERT_TRUE(writer->add(one));
        ASSERT_TRUE(writer->commit());
    }

    std::vector<std::uint64_t> find(const PredictionQuery& query) const {
        const auto page = PredictionTable::open(folder_.path())->find(query);
        std::vector<std::uint64_t> indices;
        for (const auto& one : page->rows) indices.push_back(one.index);
        return indices;
    }

    using Indices = std::vector<std::uint64_t>;
    TemporaryFolder folder_;
};

TEST(PredictionsOfNone, AreSaidToBeMissing) {
    const TemporaryFolder folder;
    for (const auto& error :
         {PredictionTable::open(folder.path()).error(), TopImages::read(folder.path(), 0).error()}) {
        EXPECT_EQ(error.code, ErrorCode::kNotFound);
        EXPECT_EQ(error.message, "This evaluation keeps no list of its images.");
    }
}

TEST_F(PredictionTableTest, GivesBackWhatWasWritten) {
    const auto table = PredictionTable::open(folder_.path());
    ASSERT_TRUE(table);
    EXPECT_EQ(table->count(), 6U);
    const auto one = table->row(2);
    EXPECT_EQ(one->name, "image 2");
    EXPECT_EQ(one->truth, 1);
    EXPECT_EQ(one->classes[0], 0);
    EXPECT_EQ(one->probabilities[0], 0.8F);
    EXPECT_FALSE(table->row(4)->readable());
    EXPECT_EQ(table->row(6).error().code, ErrorCode::kNotFound);
}

TEST_F(PredictionTableTest, FindsByCellAndByMistake) {
    EXPECT_EQ(find({}), (Indices{0, 1, 2, 3, 5}));
    PredictionQuery cell;
    cell.truth = 0;
    cell.predicted = 1;
    EXPECT_EQ(find(cell), (Indices{1, 5}));
    PredictionQuery wrong;
    wrong.correct = false;
    wrong.order = PredictionOrder::kMostConfident;
    EXPECT_EQ(find(wrong), (Indices{5, 2, 1}));
    wrong.order = PredictionOrder::kLeastConfident;
    EXPECT_EQ(find(wrong), (Indices{1, 2, 5}));
    wrong.offset = 1;
    wrong.limit = 1;
    EXPECT_EQ(find(wrong), (Indices{2}));
    PredictionQuery right;
    right.correct = true;
    EXPECT_EQ(find(right), (Indices{0}));
}

TEST_F(PredictionTableTest, KeepsTheMostProbableImagesOfEachClass) {
    TopImages top;
    for (std::uint64_t i = 0; i < 300; ++i) {
        const float sure = static_cast<float>(i % 150) / 150;
        const float both[]{sure, 1 - sure};
        top.add(i, both, 2);
    }
    ASSERT_TRUE(top.write(folder_.path()));
    const auto first = TopImages::read(folder_.path(), 0);
    ASSERT_TRUE(first);
    ASSERT_EQ(first->size(), TopImages::kKept);
    EXPECT_EQ((*first)[0].index, 149U);
    EXPECT_EQ((*first)[1].index, 299U);
    EXPECT_EQ((*first)[2].index, 148U);
    EXPECT_EQ((*TopImages::read(folder_.path(), 1))[0].index, 0U);
    EXPECT_EQ(TopImages::read(folder_.path(), 2).error().code, ErrorCode::kNotFound);
    std::filesystem::rename(folder_.path() / "top_images.bin", folder_.path() / "top_pictures.bin");
    EXPECT_EQ(TopImages::read(folder_.path(), 0)->size(), TopImages::kKept) << "as version 0.1 named the file";
}

TEST(Csv, QuotesAndDisarmsFormulas) {
    EXPECT_EQ(csv_field("cat"), "cat");
    EXPECT_EQ(csv_field("a \"big\", cat"), "\"a \"\"big\"\", cat\"");
    EXPECT_EQ(csv_field("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
    EXPECT_EQ(csv_field("@x,y"), "\"'@x,y\"");
    EXPECT_EQ(csv_field("-1"), "'-1");
}

}  // namespace
}  // namespace digits
