#include "data/builder.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <set>

#include "data/dataset_facts.hpp"
#include "data/open_source.hpp"
#include "data/records/mean.hpp"
#include "data/records/record_reader.hpp"
#include "data/testing.hpp"
#include "image/decode.hpp"
#include "image/encode.hpp"
#include "image/formats.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

/// `<root>/<name>/<i>.png`, every image another.
void add_class(const fs::path& root, const std::string& name, int count, int side = 4) {
    for (int i = 0; i < count; ++i)
        put_file(root / name / fmt::format("{:03}.png", i), *encode_png(ramp(side, side, 3, i * 13)));
}

DatasetSpec spec_for(json source, json changes = json::object()) {
    json spec{{"source", std::move(source)}, {"image", {{"width", 4}, {"height", 4}, {"channels", 3}}}, {"threads", 2}};
    spec.merge_patch(changes);
    auto parsed = parse_dataset_spec(spec);
    EXPECT_TRUE(parsed.has_value()) << parsed.error().to_string();
    return *parsed;
}

json built(JobFolder& job, const DatasetSpec& spec) {
    auto result = build_dataset(spec, job);
    EXPECT_TRUE(result.has_value()) << result.error().to_string();
    return result.value_or(json::object());
}

struct Stored {
    std::string key;
    Image image;
    DatumView datum;  ///< its texts are gone; for the numbers only
};

std::vector<Stored> records_of(const fs::path& database) {
    auto reader = RecordReader::open(database);
    EXPECT_TRUE(reader.has_value()) << reader.error().to_string();
    std::vector<Stored> all;
    RecordReader::Record record;
    while (*reader->next(record)) all.push_back({std::string(record.key), *datum_image(record.datum), record.datum});
    return all;
}

std::set<std::string> paths_in(const fs::path& list) {
    std::set<std::string> paths;
    for (const auto& line : lines_of(text_of(list))) paths.insert(line.substr(0, line.rfind(' ')));
    return paths;
}

TEST(Builder, splits_each_class_by_percent) {
    JobFolder job;
    add_class(job.root() / "in", "cat", 20);
    add_class(job.root() / "in", "big_dog", 10);
    const auto result = built(job, spec_for({{"path", job.root() / "in"}, {"percent_val", 25}, {"percent_test", 10}}));
    // 65 %, 25 % and the rest, half rounded away from zero: 20 -> 13, 5, 2 and 10 -> 7, 3, 0, where test takes one of
    // val.
    EXPECT_EQ(result["labels"], (json{"big dog", "cat"}));
    EXPECT_EQ(result["splits"]["train"]["per_class"], (json{7, 13}));
    EXPECT_EQ(result["splits"]["val"]["per_class"], (json{2, 5}));
    EXPECT_EQ(result["splits"]["test"]["per_class"], (json{1, 2}));
    EXPECT_EQ(text_of(job.job_dir() / "labels.txt"), "big dog\ncat\n");
    EXPECT_EQ(json::parse(text_of(job.job_dir() / "dataset.json")), result);

    auto all = paths_in(job.job_dir() / "train.txt");
    EXPECT_THAT(all, SizeIs(20));
    all.merge(paths_in(job.job_dir() / "val.txt"));
    all.merge(paths_in(job.job_dir() / "test.txt"));
    EXPECT_THAT(all, SizeIs(30)) << "no image is in two sets";
}

TEST(Builder, gives_the_same_for_a_seed_and_any_number_of_threads) {
    std::vector<std::string> lists;
    std::vector<std::vector<std::string>> keys;
    const TemporaryFolder source;
    add_class(source.path(), "a", 30);
    add_class(source.path(), "b", 30);
    for (const auto& changes :
         {json{{"seed", 5}, {"threads", 1}}, json{{"seed", 5}, {"threads", 4}}, json{{"seed", 6}}}) {
        JobFolder job;
        built(job, spec_for({{"path", source.path()}}, changes));
        lists.push_back(text_of(job.job_dir() / "train.txt") + text_of(job.job_dir() / "val.txt"));
        auto& mine = keys.emplace_back();
        for (const auto& record : records_of(job.job_dir() / "train_db"))
            mine.push_back(fmt::format("{} {}", record.key, record.image.pixels[0]));
    }
    EXPECT_EQ(lists[0], lists[1]);
    EXPECT_EQ(keys[0], keys[1]);
    EXPECT_NE(lists[0], lists[2]);
    EXPECT_NE(keys[0], keys[2]);
}

TEST(Builder, keeps_the_lists_order_without_shuffle) {
    JobFolder job;
    add_class(job.root() / "in", "a", 6);
    put_file(job.root() / "labels.txt", "zero\n\n  one  \n");
    std::string list;
    for (const int i : {3, 0, 5, 1}) list += fmt::format("in/a/{:03}.png {}\n", i, i % 2);
    put_file(job.root() / "train.txt", list + "\nno number here\n");
    const auto result = built(job, spec_for({{"type", "lists"},
                                             {"train", job.root() / "train.txt"},
                                             {"labels", job.root() / "labels.txt"},
                                             {"root", job.root()}},
                                            {{"shuffle", false}}));
    EXPECT_EQ(result["labels"], (json{"zero", "one"}));
    EXPECT_FALSE(result["splits"].contains("val"));
    std::vector<std::string> keys;
    std::vector<int> first;
    for (const auto& record : records_of(job.job_dir() / "train_db")) {
        keys.push_back(record.key);
        first.push_back(record.image.pixels[0]);
    }
    EXPECT_THAT(keys, ElementsAre("00000000_1", "00000001_0", "00000002_1", "00000003_1"));
    EXPECT_THAT(first, ElementsAre(39, 0, 65, 13));
    EXPECT_THAT(job.logs(), Contains(HasSubstr("(lines 6)")));
}

TEST(Builder, reads_paths_with_spaces_from_lists) {
    JobFolder job;
    put_file(job.root() / "my images/one 1.png", *encode_png(ramp(4, 4, 3)));
    put_file(job.root() / "labels.txt", "a\nb\n");
    put_file(job.root() / "train.txt", (job.root() / "my images/one 1.png").string() + "\t1\r\n");
    const auto result = built(
        job, spec_for({{"type", "lists"}, {"train", job.root() / "train.txt"}, {"labels", job.root() / "labels.txt"}}));
    EXPECT_EQ(result["splits"]["train"]["per_class"], (json{0, 1}));
}

TEST(Builder, refuses_lists_with_a_class_without_name) {
    JobFolder job;
    put_file(job.root() / "labels.txt", "a\nb\n");
    put_file(job.root() / "train.txt", "x.png 2\n");
    const auto result = build_dataset(
        spec_for({{"type", "lists"}, {"train", job.root() / "train.txt"}, {"labels", job.root() / "labels.txt"}}), job);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(result.error().message, HasSubstr("class 2"));
}

TEST(Builder, leaves_out_small_classes_and_cuts_large_ones) {
    JobFolder job;
    add_class(job.root() / "in", "few", 4);
    add_class(job.root() / "in", "some", 8);
    add_class(job.root() / "in", "many", 30);
    const auto result = built(
        job, spec_for({{"path", job.root() / "in"}, {"percent_val", 0}, {"min_per_class", 5}, {"max_per_class", 10}}));
    EXPECT_EQ(result["labels"], (json{"many", "some"}));
    EXPECT_EQ(result["splits"]["train"]["per_class"], (json{10, 8}));
    EXPECT_THAT(job.logs(), Contains(HasSubstr("\"few\" is left out")));
}

TEST(Builder, folders_of_their_own_may_have_limits_of_their_own) {
    JobFolder job;
    for (const char* set : {"train", "val"}) {
        add_class(job.root() / set, "a", 6);
        add_class(job.root() / set, "b", 6);
    }
    add_class(job.root() / "train", "c", 6);
    add_class(job.root() / "val", "c", 3);
    const auto result = built(job, spec_for({{"path", job.root() / "train"},
                                             {"val_path", job.root() / "val"},
                                             {"max_per_class", 5},
                                             {"val_min_per_class", 4},
                                             {"val_max_per_class", 0}}));
    EXPECT_EQ(result["splits"]["train"]["per_class"], (json{5, 5, 5}));
    EXPECT_EQ(result["splits"]["val"]["per_class"], (json{6, 6, 0}));
}

TEST(Builder, takes_validation_and_test_from_folders_of_their_own) {
    JobFolder job;
    for (const char* set : {"train", "val", "test"}) {
        add_class(job.root() / set, "a", 5);
        add_class(job.root() / set, "b", 5);
    }
    add_class(job.root() / "val", "unknown", 5);
    const auto result = built(job, spec_for({{"path", job.root() / "train"},
                                             {"val_path", job.root() / "val"},
                                             {"test_path", job.root() / "test"},
                                             {"percent_val", 25}}));
    for (const char* set : {"train", "val", "test"}) EXPECT_EQ(result["splits"][set]["per_class"], (json{5, 5})) << set;
    for (const auto& path : paths_in(job.job_dir() / "val.txt"))
        EXPECT_TRUE(path.starts_with((job.root() / "val/").string())) << path;
    EXPECT_THAT(job.logs(), Contains(HasSubstr("\"unknown\"")));
}

TEST(Builder, finds_nested_and_hidden_images_and_no_other_files) {
    JobFolder job;
    add_class(job.root() / "in", "a/deeper/down", 2);
    add_class(job.root() / "in", "b", 2);
    add_class(job.root() / "in", ".hidden", 2);
    put_file(job.root() / "in/b/.dot.PNG", *encode_png(ramp(4, 4, 3)));
    put_file(job.root() / "in/b/notes.txt", "no image");
    put_file(job.root() / "in/b/png", "no image");
    put_file(job.root() / "in/loose.png", *encode_png(ramp(4, 4, 3)));
    fs::create_directory_symlink("..", job.root() / "in/b/up");
    const auto result = built(job, spec_for({{"path", job.root() / "in"}, {"percent_val", 0}}));
    EXPECT_EQ(result["labels"], (json{".hidden", "a", "b"}));
    // The link from b to the folder above it is not followed.
    EXPECT_EQ(result["splits"]["train"]["per_class"], (json{2, 2, 3}));
    EXPECT_EQ(result["unreadable"]["count"], 0);
}

TEST(Builder, lists_damaged_images_and_goes_on) {
    JobFolder job;
    add_class(job.root() / "in", "a", 5);
    add_class(job.root() / "in", "b", 5);
    const auto whole = *encode_png(ramp(40, 40, 3));
    put_file(job.root() / "in/a/empty.jpg", "");
    put_file(job.root() / "in/a/one.bmp", "x");
    put_file(job.root() / "in/a/riff.png", "RIFF");
    put_file(job.root() / "in/b/cut.png", whole.substr(0, whole.size() / 2));
    put_file(job.root() / "in/b/page.jpeg", "<!DOCTYPE html><title>404</title>");
    fs::create_symlink("nowhere", job.root() / "in/b/dangling.ppm");
    const auto result = built(job, spec_for({{"path", job.root() / "in"}, {"percent_val", 0}}));
    EXPECT_EQ(result["splits"]["train"]["per_class"], (json{5, 5}));
    EXPECT_EQ(result["unreadable"]["count"], 6);
    const auto report = lines_of(text_of(job.job_dir() / "unreadable.txt"));
    const auto in = (job.root() / "in/").string();
    EXPECT_THAT(report, SizeIs(6));
    EXPECT_THAT(report, Contains("train\t" + in + "a/empty.jpg\tthe file is empty"));
    EXPECT_THAT(report, Contains("train\t" + in +
                                 "a/one.bmp\tnot an image, or of an unsupported format; the supported formats are " +
                                 readable_formats()));
    EXPECT_THAT(report, Contains(HasSubstr(in + "b/cut.png\tdamaged PNG: the file is cut off")));
    EXPECT_THAT(report, Contains(HasSubstr("HTML or XML files are not supported")));
    EXPECT_THAT(report, Contains(HasSubstr(in + "b/dangling.ppm\t")));
    EXPECT_THAT(records_of(job.job_dir() / "train_db"), SizeIs(10));
}

TEST(Builder, makes_no_output_of_a_class_without_a_readable_image) {
    JobFolder job;
    for (const char* name : {"a", "c"}) add_class(job.root() / "in", name, 4);
    for (int i = 0; i < 4; ++i) put_file(job.root() / fmt::format("in/b/{}.png", i), "no image");
    put_file(job.root() / "in/c/bad.png", "no image");
    const auto result = built(job, spec_for({{"path", job.root() / "in"}, {"percent_val", 25}}));
    EXPECT_EQ(result["labels"], (json{"a", "c"}));
    EXPECT_EQ(text_of(job.job_dir() / "labels.txt"), "a\nc\n");
    EXPECT_EQ(result["splits"]["train"]["per_class"].size(), 2U);
    for (const auto& line : lines_of(text_of(job.job_dir() / "train.txt"))) {
        EXPECT_THAT(line, testing::AnyOf(HasSubstr("in/a/"), HasSubstr("in/c/")));
        EXPECT_TRUE(line.ends_with(line.find("in/a/") != std::string::npos ? " 0" : " 1")) << line;
    }
    // Its training images are named; that of the validation set is gone with its class.
    EXPECT_EQ(result["unreadable"]["count"], 4);
    EXPECT_THAT(lines_of(text_of(job.job_dir() / "unreadable.txt")), Contains(HasSubstr("in/b/")).Times(3));
    EXPECT_THAT(result["warnings"], Contains(HasSubstr("class \"b\" is left out: none of its 3 training images")));
}

TEST(Builder, refuses_a_source_with_one_readable_class) {
    JobFolder job;
    add_class(job.root() / "in", "a", 4);
    for (int i = 0; i < 4; ++i) put_file(job.root() / fmt::format("in/b/{}.png", i), "no image");
    const auto result = build_dataset(spec_for({{"path", job.root() / "in"}}), job);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kDataLoss);
    EXPECT_THAT(result.error().message, HasSubstr("only one class has readable images"));
    EXPECT_THAT(result.error().message, HasSubstr("class \"b\" is left out"));
}

TEST(Builder, tells_why_classes_are_missing_when_it_fails) {
    JobFolder job;
    add_class(job.root() / "in", "a", 4);
    for (int i = 0; i < 4; ++i) put_file(job.root() / fmt::format("in/b/{}.psd", i), "8BPS");
    for (int i = 0; i < 4; ++i) add_class(job.root() / "in", fmt::format("small {}", i), 1);
    const auto result = build_dataset(spec_for({{"path", job.root() / "in"}}), job);
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message,
                HasSubstr("has only one class with 2 or more images; at least two classes are needed; class "
                          "\"b\" is left out: not enough images (0"));
    EXPECT_THAT(result.error().message, HasSubstr("; and 3 more"));
    for (const char* words : {"class \"b\" is left out", "class \"small 3\" is left out", "skipped: .psd 4"})
        EXPECT_THAT(job.logs(), Contains(HasSubstr(words)));
}

/// A list of labels says what the outputs are.
TEST(Builder, keeps_an_unreadable_class_that_labels_name) {
    JobFolder job;
    add_class(job.root() / "in", "a", 2);
    put_file(job.root() / "in/b/0.png", "no image");
    put_file(job.root() / "labels.txt", "a\nb\n");
    put_file(job.root() / "train.txt", "a/000.png 0\na/001.png 0\nb/0.png 1\n");
    const auto result = built(job, spec_for({{"type", "lists"},
                                             {"train", job.root() / "train.txt"},
                                             {"labels", job.root() / "labels.txt"},
                                             {"root", job.root() / "in"}}));
    EXPECT_EQ(result["labels"], (json{"a", "b"}));
    EXPECT_EQ(result["splits"]["train"]["per_class"], (json{2, 0}));
}

TEST(Builder, tells_what_kinds_of_files_it_found) {
    JobFolder job;
    const auto stored = fs::path(DIGITS_SOURCE_DIR) / "tests/images/in";
    for (const char* name : {"a", "b"}) add_class(job.root() / "in", name, 2);
    put_file(job.root() / "in/a/turned.jpg", text_of(stored / "turned.jpg"));
    put_file(job.root() / "in/b/turned3.png", text_of(stored / "turned3.png"));
    put_file(job.root() / "in/b/deep.pgm", std::string("P5 4 1 65535\n\0\3\0\x10\x04\0\x0f\xab", 21));
    put_file(job.root() / "in/b/drawing.psd", "8BPS");
    const auto result = built(job, spec_for({{"path", job.root() / "in"}, {"percent_val", 0}}));
    EXPECT_EQ(result["unsupported"], (json{{"count", 1}, {"types", {{".psd", 1}}}}));
    EXPECT_EQ(result["turned"], 2);
    EXPECT_EQ(result["depth"], (json{{"images", 1}, {"dark", 1}, {"bits", 16}, {"lowest", 3.0}, {"highest", 4011.0}}));
    for (const char* sentence :
         {"1 file of unsupported types is skipped: .psd 1", "2 images are turned upright by their EXIF orientation",
          "1 image of 16 bits becomes nearly black: all values are from 3 to 4011. Set the value range to 0, 4095"}) {
        EXPECT_THAT(result["warnings"], Contains(sentence));
        EXPECT_THAT(job.logs(), Contains(sentence));
    }
    const auto kept = *read_dataset_facts(job.job_dir());
    EXPECT_EQ(kept.turned, 2U);
    EXPECT_EQ(kept.unsupported.types, (FileTypes{{".psd", 1}}));
    EXPECT_EQ(kept.depth->highest, 4011);
    EXPECT_THAT(kept.warnings, SizeIs(3));
}

TEST(Builder, scales_by_a_value_range) {
    JobFolder job;
    for (const char* name : {"a", "b"})
        for (int i = 0; i < 2; ++i)
            put_file(job.root() / fmt::format("in/{}/{}.pgm", name, i),
                     std::string("P5 4 1 65535\n\0\0\0\x10\x08\0\x0f\xff", 21));
    put_file(job.root() / "in/b/eight.png", *encode_png(ramp(4, 1, 1, 9)));
    auto document = json{{"source", {{"path", job.root() / "in"}, {"percent_val", 0}}},
                         {"image", {{"width", 4}, {"height", 1}, {"channels", 1}, {"value_range", {0, 4095}}}},
                         {"shuffle", false}};
    const auto result = built(job, *parse_dataset_spec(document));
    EXPECT_EQ(result["depth"]["dark"], 0);
    EXPECT_EQ(result["warnings"], json::array());
    for (const auto& record : records_of(job.job_dir() / "train_db"))
        EXPECT_THAT(record.image.pixels, testing::AnyOf(ElementsAre(0, 1, 128, 255), ElementsAre(9, 16, 23, 30)));
    document["image"]["value_range"] = {4095, 0};
    const auto wrong = parse_dataset_spec(document);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().where, "/image/value_range");
    EXPECT_EQ(wrong.error().message, "Value range must be two numbers, the lower one first, got 4095, 0");
}

TEST(Builder, survives_every_stored_image_cut_at_each_length) {
    JobFolder job;
    int number = 0;
    for (const auto& entry : fs::directory_iterator(fs::path(DIGITS_SOURCE_DIR) / "tests/images/in")) {
        const auto bytes = text_of(entry.path());
        const auto extension = entry.path().extension().string();
        for (std::size_t keep = 0; keep <= 64; keep += 3)
            put_file(job.root() / fmt::format("in/{}/{:05}{}", number % 2 ? "odd" : "even", number, extension),
                     bytes.substr(0, keep)),
                ++number;
    }
    add_class(job.root() / "in", "odd", 3);
    add_class(job.root() / "in", "even", 3);
    const auto result = built(job, spec_for({{"path", job.root() / "in"}, {"percent_val", 0}}));
    EXPECT_EQ(result["unreadable"]["count"], number);
    EXPECT_EQ(result["splits"]["train"]["count"], 6);
}

TEST(Builder, fails_when_no_image_is_readable) {
    JobFolder job;
    for (const char* name : {"in/a/1.png", "in/a/2.png", "in/b/1.png", "in/b/2.png"}) put_file(job.root() / name, "x");
    const auto result = build_dataset(spec_for({{"path", job.root() / "in"}, {"percent_val", 0}}), job);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::kDataLoss);
    EXPECT_THAT(result.error().message, HasSubstr("none of the 4 images"));
    EXPECT_FALSE(fs::exists(job.job_dir() / "train_db"));
    EXPECT_FALSE(fs::exists(job.job_dir() / "dataset.json"));
}

TEST(Builder, takes_class_names_that_are_no_utf8) {
    JobFolder job;
    add_class(job.root() / "in", "caf\xe9", 2);
    add_class(job.root() / "in", "tea", 2);
    const auto result = built(job, spec_for({{"path", job.root() / "in"}, {"percent_val", 0}}));
    EXPECT_EQ(text_of(job.job_dir() / "labels.txt"), "caf\xe9\ntea\n") << "the bytes as they are";
    EXPECT_EQ(json::parse(text_of(job.job_dir() / "dataset.json"))["labels"], (json{"caf\xef\xbf\xbd", "tea"}));
}

TEST(Builder, writes_the_mean_that_numpy_has) {
    JobFolder job;
    for (int i = 0; i < 6; ++i)
        put_file(job.root() / fmt::format("in/{}/{}.png", i % 2, i), *encode_png(ramp(2, 2, 3, i * 41)));
    built(job, spec_for({{"path", job.root() / "in"}, {"percent_val", 0}},
                        {{"image", {{"width", 2}, {"height", 2}}}, {"storage", {{"encoding", "jpeg"}}}}));
    const auto mean = read_mean_file(job.job_dir() / "mean.binaryproto");
    ASSERT_TRUE(mean.has_value());
    // p = (7 * np.arange(12).reshape(2, 2, 3) + 41 * np.arange(6).reshape(6, 1, 1, 1)) % 256
    // np.around(p.mean(0)).transpose(2, 0, 1)[::-1].ravel()
    EXPECT_THAT(mean->values, ElementsAre(116, 138, 116, 137, 110, 130, 152, 130, 102, 124, 144, 123));
}

TEST(Builder, stores_what_each_encoding_promises) {
    JobFolder source;
    add_class(source.root() / "in", "a", 3, 8);
    add_class(source.root() / "in", "b", 3, 8);
    for (const char* encoding : {"none", "png", "jpeg"}) {
        JobFolder job;
        built(job,
              spec_for({{"path", source.root() / "in"}, {"percent_val", 0}}, {{"image", {{"width", 8}, {"height", 8}}},
                                                                              {"storage", {{"encoding", encoding}}},
                                                                              {"shuffle", false}}));
        auto reader = RecordReader::open(job.job_dir() / "train_db");
        ASSERT_TRUE(reader.has_value());
        const auto lines = lines_of(text_of(job.job_dir() / "train.txt"));
        RecordReader::Record record;
        for (const auto& line : lines) {
            ASSERT_TRUE(*reader->next(record));
            const auto& datum = record.datum;
            EXPECT_EQ(std::tuple(datum.channels, datum.height, datum.width), std::tuple(3, 8, 8));
            EXPECT_EQ(datum.label, line.back() - '0');
            const bool raw = encoding == std::string("none");
            EXPECT_EQ(datum.encoded, !raw);
            const bool png = encoding == std::string("png");
            EXPECT_EQ(sniff_image(datum.data), raw   ? ImageFormat::kUnknown
                                               : png ? ImageFormat::kPng
                                                     : ImageFormat::kJpeg);
            const auto original = *decode_image(text_of(line.substr(0, line.rfind(' '))));
            const auto stored = *datum_image(datum);
            int most = 0;
            for (std::size_t i = 0; i < original.pixels.size(); ++i)
                most = std::max(most, std::abs(original.pixels[i] - stored.pixels[i]));
            EXPECT_EQ(most > 0, !raw && !png) << encoding << ": JPEG alone is lossy";
            if (raw) {
                EXPECT_EQ(static_cast<std::uint8_t>(datum.data[0]), original.pixels[2]) << "blue comes first";
            }
        }
        EXPECT_FALSE(*reader->next(record));
    }
}

TEST(Builder, leaves_no_dataset_behind_when_it_is_stopped) {
    TemporaryFolder source;
    add_class(source.path(), "a", 40);
    add_class(source.path(), "b", 40);
    for (const int asks : {0, 1, 30, 65}) {
        JobFolder job(asks);
        // What an earlier try left.
        put_file(job.job_dir() / "dataset.json", "{}");
        put_file(job.job_dir() / "train_db/data.mdb", "old");
        const auto result = build_dataset(spec_for({{"path", source.path()}}), job);
        ASSERT_FALSE(result.has_value()) << asks;
        EXPECT_EQ(result.error().code, ErrorCode::kCancelled);
        EXPECT_FALSE(fs::exists(job.job_dir() / "dataset.json"));
        EXPECT_FALSE(fs::exists(job.job_dir() / "val_db"));
        EXPECT_EQ(fs::exists(job.job_dir() / "train_db"), asks >= 60) << "a database is there whole or not at all";
        for (const auto& entry : fs::directory_iterator(job.job_dir()))
            EXPECT_NE(entry.path().extension(), ".partial") << entry.path();
    }
}

TEST(Builder, says_what_stands_in_its_way) {
    JobFolder job;
    add_class(job.root() / "in", "a", 2);
    add_class(job.root() / "in", "b", 2);
    put_file(job.job_dir() / "labels.txt/somebody's", "");
    const auto result = build_dataset(spec_for({{"path", job.root() / "in"}}), job);
    ASSERT_FALSE(result.has_value());
    EXPECT_THAT(result.error().message, HasSubstr((job.job_dir() / "labels.txt").string()));
}

TEST(Builder, names_the_part_of_a_path_that_is_missing) {
    JobFolder job;
    const auto result = build_dataset(spec_for({{"path", job.root() / "none/deeper"}}), job);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
    EXPECT_EQ(result.error().where, "/source/path");
    EXPECT_THAT(result.error().message, HasSubstr((job.root() / "none").string() + " does not exist"));
}

TEST(Scan, stops_when_asked) {
    TemporaryFolder source;
    add_class(source.path(), "a", 10);
    add_class(source.path(), "b", 10);
    for (int i = 0; i < 2500; ++i) put_file(source.path() / fmt::format("{}/{}.png", i % 2 ? "a" : "b", i), "");
    std::atomic<std::size_t> told = 0;
    ScanLimits limits;
    limits.cancelled = [&] { return told.load() == 1000; };
    const auto opened =
        open_source(spec_for({{"path", source.path()}}), limits, [&](std::size_t found) { told = found; });
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, ErrorCode::kCancelled);
    EXPECT_EQ(told, 1000U) << "soon after the first thousand";
}

TEST(Scan, tells_what_a_build_would_give) {
    JobFolder job;
    add_class(job.root() / "in", "a", 9);
    add_class(job.root() / "in", "b", 3);
    put_file(job.root() / "in/b/bad.png", "x");
    const auto found = scan_dataset(spec_for({{"path", job.root() / "in"}, {"percent_val", 0}}));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ((*found)["splits"]["train"]["per_class"], (json{9, 4}));
    EXPECT_TRUE(fs::is_empty(job.job_dir()));
}

}  // namespace
}  // namespace digits
