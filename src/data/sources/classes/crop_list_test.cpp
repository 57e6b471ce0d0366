#include "data/sources/classes/crop_list.hpp"

#include <gmock/gmock.h>

#include "data/builder.hpp"
#include "data/records/record_reader.hpp"
#include "data/reports/dataset_report.hpp"
#include "data/testing.hpp"
#include "image/encode.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

CropList read(const std::string& text, const fs::path& root = {}) {
    const TemporaryFolder folder;
    put_file(folder.path() / "crops.csv", text);
    const ScanLimits limits;
    ScanGuard guard(limits);
    auto list = read_crop_list(folder.path() / "crops.csv", root, {}, guard);
    EXPECT_TRUE(list) << list.error().to_string();
    return list.value_or(CropList{});
}

TEST(CropList, reads_commas_semicolons_tabs_quotes_and_a_header) {
    const auto list = read(
        "path,x,y,width,height,label\r\n"
        "a.png,1,2,3,4,cat\r\n"
        "# a remark\n"
        "\"b, with \"\"quotes\"\".png\", 5, 6, 7, 8, big dog\n"
        "/c.png;0;0;1;1;cat\n"
        "d.png\t0\t0\t1\t1\tcat",
        "/data");
    EXPECT_THAT(list.warnings, SizeIs(0));
    ASSERT_THAT(list.entries, SizeIs(4));
    EXPECT_EQ(list.entries[0].path, "/data/a.png");
    EXPECT_EQ(list.entries[0].box, (PixelBox{1, 2, 3, 4}));
    EXPECT_EQ(list.entries[1].path, "/data/b, with \"quotes\".png");
    EXPECT_EQ(list.entries[1].label, "big dog");
    EXPECT_EQ(list.entries[2].path, "/c.png");
}

TEST(CropList, tells_of_lines_that_it_leaves_out) {
    const auto list = read("a,1,2,3,4,cat\nb,1,2\nc,x,2,3,4,cat\nd,1,2,0,4,cat\ne,-1,2,3,4,cat\nf,1,2,3,4,\n");
    EXPECT_THAT(list.entries, SizeIs(1));
    EXPECT_THAT(list.warnings, ElementsAre(HasSubstr(":2: the line must have the 6 fields"),
                                           HasSubstr(":3: x is \"x\""), HasSubstr(":4: width is \"0\""),
                                           HasSubstr(":5: x is \"-1\""), HasSubstr(":6: the label is missing")));
}

TEST(CropList, without_a_valid_line_says_what_a_line_is) {
    const TemporaryFolder folder;
    put_file(folder.path() / "crops.csv", "a.png 3\n");
    const ScanLimits limits;
    ScanGuard guard(limits);
    const auto list = read_crop_list(folder.path() / "crops.csv", {}, {}, guard);
    ASSERT_FALSE(list);
    EXPECT_THAT(list.error().message, HasSubstr("path,x,y,width,height,label"));
}

/// The records hold exactly the pixels of the rectangles.
TEST(CropDataset, holds_what_was_cut_out) {
    JobFolder job;
    const auto whole = ramp(20, 10, 3);
    put_file(job.root() / "a.png", *encode_png(whole));
    put_file(job.root() / "crops.csv",
             "a.png,2,1,4,4,one\na.png,9,5,4,4,two\na.png,3,3,4,4,one\na.png,0,0,4,4,two\na.png,18,0,4,4,two\n");
    const auto spec = parse_dataset_spec({{"source",
                                           {{"type", "crops"},
                                            {"crops", (job.root() / "crops.csv").string()},
                                            {"root", job.root().string()},
                                            {"percent_val", 0}}},
                                          {"image", {{"width", 4}, {"height", 4}, {"channels", 3}}}});
    ASSERT_TRUE(spec) << spec.error().to_string();
    const auto report = report_dataset(*spec, std::chrono::seconds(30));
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_EQ((*report)["unreadable"]["count"], 1);
    EXPECT_THAT((*report)["unreadable"]["images"][0]["reason"].get<std::string>(),
                HasSubstr("beyond the image (20 x 10)"));
    EXPECT_EQ((*report)["duplicates"]["groups"], 0) << "rectangles of one file are not copies";

    const auto result = build_dataset(*spec, job);
    ASSERT_TRUE(result) << result.error().to_string();
    EXPECT_EQ((*result)["labels"], (json{"one", "two"}));
    EXPECT_EQ((*result)["splits"]["train"]["per_class"], (json{2, 2}));
    EXPECT_THAT(text_of(job.job_dir() / "unreadable.txt"), HasSubstr("a.png#18,0,4,4"));
    auto reader = RecordReader::open(job.job_dir() / "train_db");
    ASSERT_TRUE(reader);
    const auto names = lines_of(text_of(job.job_dir() / "train.txt"));
    RecordReader::Record record;
    std::size_t line = 0;
    while (*reader->next(record)) {
        while (names[line].find("#18,0") != std::string::npos) ++line;
        int x = 0, y = 0;
        ASSERT_EQ(std::sscanf(names[line].c_str() + names[line].find('#'), "#%d,%d", &x, &y), 2) << names[line];
        const auto image = *datum_image(record.datum);
        for (int row = 0; row < 4; ++row)
            for (int i = 0; i < 12; ++i) ASSERT_EQ(image.row(row)[i], whole.row(y + row)[x * 3 + i]) << names[line];
        ++line;
    }
}

}  // namespace
}  // namespace digits
