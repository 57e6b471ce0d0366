#include "data/sources/classes/siamese.hpp"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "data/builder.hpp"
#include "data/open_source.hpp"
#include "data/records/gallery.hpp"
#include "data/records/record_reader.hpp"
#include "data/testing.hpp"
#include "image/decode.hpp"
#include "image/encode.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class SiamesePairs : public testing::Test {
  protected:
    DatasetSpec spec(const json& changes = json::object()) {
        json document{{"source", {{"type", "siamese"}, {"path", folder_.string()}}},
                      {"image", {{"width", 4}, {"height", 3}, {"channels", 1}}},
                      {"storage", {{"encoding", "jpeg"}}},
                      {"shuffle", false}};
        document.merge_patch(changes);
        auto parsed = parse_dataset_spec(document);
        EXPECT_TRUE(parsed) << parsed.error().to_string();
        return *parsed;
    }
    void SetUp() override {
        for (const char* name : {"a", "b", "c"})
            for (int i = 0; i < 8; ++i)
                put_file(folder_ / name / fmt::format("{}.png", i), *encode_png(ramp(4, 3, 3, (name[0] * 8 + i) * 5)));
    }

    JobFolder job_;
    fs::path folder_ = job_.root() / "in";
};

TEST_F(SiamesePairs, are_half_similar_and_never_across_splits) {
    const auto source = open_source(spec({{"source", {{"per_image", 3}, {"percent_test", 25}}}}));
    ASSERT_TRUE(source) << source.error().to_string();
    std::map<std::string, Split> splits;
    for (const Split split : kSplits) {
        std::size_t similar = 0;
        const auto size = (*source)->size(split);
        EXPECT_GT(size, 0U);
        for (std::size_t i = 0; i < size; ++i) {
            const auto name = (*source)->name(split, i).text();
            const auto bar = name.find('|');
            const auto first = name.substr(0, bar), second = name.substr(bar + 1);
            const bool same_folder = second.find('/') == std::string::npos;
            const auto target = (*source)->target(split, i);
            EXPECT_EQ(std::get<ClassLabel>(target).index == 1, same_folder) << name;
            similar += same_folder;
            for (const auto& path : {first, same_folder ? (fs::path(first).parent_path() / second).string() : second})
                EXPECT_EQ(splits.emplace(path, split).first->second, split) << path << " is in two splits";
        }
        EXPECT_NEAR(static_cast<double>(similar), static_cast<double>(size) / 2, 2) << enum_name(split);
    }
    EXPECT_EQ(splits.size(), 24U);
}

TEST_F(SiamesePairs, become_records_of_both_images) {
    for (const int channels : {1, 3}) {
        JobFolder job;
        const auto wanted = spec({{"image", {{"channels", channels}}}});
        const auto built = build_dataset(wanted, job);
        ASSERT_TRUE(built) << built.error().to_string();
        EXPECT_EQ((*built)["image"]["channels"], channels);
        EXPECT_EQ((*built)["labels"], (json{"dissimilar", "similar"}));
        EXPECT_TRUE((*built)["mean_file"].is_null());
        const auto source = open_source(wanted);
        auto reader = RecordReader::open(job.job_dir() / "train_db");
        ASSERT_TRUE(reader);
        RecordReader::Record record;
        for (std::size_t i = 0; *reader->next(record); ++i) {
            EXPECT_EQ(record.datum.channels, 2 * channels);
            const auto sample = (*source)->get(Split::kTrain, i);
            ASSERT_TRUE(sample);
            EXPECT_EQ(record.datum.label, std::get<ClassLabel>(sample->target).index);
            // As Caffe's example: the planes of the first, then those of the second.
            std::string planes;
            for (const auto& image : sample->images) {
                const auto converted = convert_channels(image, channels);
                std::string part(converted.pixels.size(), '\0');
                to_planar_bgr(converted, reinterpret_cast<std::uint8_t*>(part.data()));
                planes += part;
            }
            EXPECT_TRUE(record.datum.data == planes) << i;
            if (i > 0) continue;
            const auto shown = record_image(job.job_dir() / "train_db", 0, record.datum.label);
            ASSERT_TRUE(shown) << shown.error().to_string();
            EXPECT_EQ(decode_image(shown->bytes)->width, 8) << "side by side";
        }
    }
}

}  // namespace
}  // namespace digits
