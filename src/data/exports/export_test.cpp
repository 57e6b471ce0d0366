// "Import of the export is equal": datasets of random images and targets are exported in every format that can hold
// them, recognized in the folder, made again, and compared sample by sample.

#include <gmock/gmock.h>

#include <map>
#include <random>
#include <set>
#include <tuple>

#include "base/npy.hpp"
#include "data/builder.hpp"
#include "data/exports/dataset_reader.hpp"
#include "data/exports/export_dataset.hpp"
#include "data/exports/export_sink.hpp"
#include "data/recognition/recognize.hpp"
#include "data/sources/packed/tar_index.hpp"
#include "data/testing.hpp"
#include "image/decode.hpp"
#include "image/encode.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

constexpr int kWidth = 37, kHeight = 23;

/// What a format does not keep.
struct Loses {
    bool crowd = false, numbers = false;
    double pixels = 0;
};

class Export : public testing::Test {
  protected:
    int number(int least, int most) { return std::uniform_int_distribution(least, most)(random_); }
    double fraction() { return std::uniform_real_distribution(0.0, 1.0)(random_); }

    Image image() {
        Image image;
        image.reset(kWidth, kHeight, 3);
        for (auto& sample : image.pixels) sample = static_cast<std::uint8_t>(number(0, 255));
        return image;
    }
    void put_png(const fs::path& path) { put_file(path, *encode_png(image())); }

    /// Classes with unusual names, one of them without a training image, by lists.
    json class_source() {
        std::array<std::string, 3> lists;
        for (int i = 0; i < 12; ++i) {
            const auto path = source_ / fmt::format("some folder/{} a.b.png", i);
            put_png(path);
            lists[static_cast<std::size_t>(i < 7    ? 0
                                           : i < 10 ? 1
                                                    : 2)] +=
                fmt::format("{} {}\n", path.string(), i < 3 ? i : number(0, 2));
        }
        put_file(source_ / "train.txt", lists[0]);
        put_file(source_ / "val.txt", lists[1]);
        put_file(source_ / "test.txt", lists[2]);
        put_file(source_ / "labels.txt", "zebra_black & white\ncat\n../a dog\nnever seen\n");
        return {{"type", "lists"},
                {"train", source_ / "train.txt"},
                {"val", source_ / "val.txt"},
                {"test", source_ / "test.txt"},
                {"labels", source_ / "labels.txt"}};
    }
    /// Boxes with fractions, crowds, an image without any and one class more than there are boxes of.
    json box_source() {
        json source{{"type", "coco"}, {"images", source_ / "images"}};
        for (const auto& [split, count] : {std::pair("json", 6), {"val_json", 3}, {"test_json", 2}}) {
            json file{{"images", json::array()}, {"annotations", json::array()}, {"categories", json::array()}};
            for (const auto& [id, name] : {std::pair(1, "person"), {2, "a car"}, {3, "zebra & co"}})
                file["categories"].push_back({{"id", id}, {"name", name}});
            for (int i = 0; i < count; ++i) {
                const auto name = fmt::format("{}-{}.png", split, i);
                put_png(source_ / "images" / name);
                file["images"].push_back({{"id", i}, {"file_name", name}, {"width", kWidth}, {"height", kHeight}});
                for (int n = i == 1 ? 0 : number(1, 5); n > 0; --n) {
                    const double x = fraction() * 20, y = fraction() * 10;
                    file["annotations"].push_back(
                        {{"id", file["annotations"].size()},
                         {"image_id", i},
                         {"category_id", number(1, 3)},
                         {"iscrowd", number(0, 1)},
                         {"bbox", {x, y, 1 + fraction() * (kWidth - x - 1), 1 + fraction() * (kHeight - y - 1)}}});
                }
            }
            put_file(source_ / fmt::format("{}.json", split), file.dump());
            source[split] = source_ / fmt::format("{}.json", split);
        }
        return source;
    }
    json kitti_source() {
        json source{{"type", "kitti"}, {"custom_classes", "dontcare,car,van"}, {"val_min_box", 0}};
        for (const auto& [split, prefix] : {std::pair("train", ""), {"val", "val_"}, {"test", "test_"}}) {
            for (int i = 0; i < 4; ++i) {
                put_png(source_ / split / "images" / fmt::format("{}{}.png", split, i));
                std::string text;
                for (int n = number(1, 4); n > 0; --n) {
                    const double x = fraction() * 20, y = fraction() * 10;
                    text += fmt::format(
                        "{} {:.2f} {} {:.2f} {:.2f} {:.2f} {:.2f} {:.2f} {:.2f} {:.2f} {:.2f} {:.2f} "
                        "{:.2f} {} {:.2f}\n",
                        n == 1   ? "Car"
                        : n == 2 ? "Van"
                                 : "DontCare",
                        fraction(), number(0, 3), fraction(), x, y, x + 1 + fraction() * 9, y + 1 + fraction() * 9,
                        fraction(), fraction(), fraction(), fraction(), fraction(), number(1, 2), fraction());
                }
                put_file(source_ / split / "labels" / fmt::format("{}{}.txt", split, i), text);
            }
            source[fmt::format("{}labels", prefix)] = source_ / split / "labels";
            source[fmt::format("{}images", prefix)] = source_ / split / "images";
        }
        return source;
    }
    /// Masks of 0 to `most` and, where `has_void` says so, 255.
    json mask_source(int most, bool has_void) {
        std::string labels;
        for (int i = 0; i <= most; ++i) labels += i == 0 ? "background\n" : fmt::format("kind {}\n", i);
        put_file(source_ / "names.txt", labels);
        json source{{"type", "masks"}, {"class_labels", source_ / "names.txt"}};
        for (const auto& [split, prefix] : {std::pair("train", ""), {"val", "val_"}, {"test", "test_"}}) {
            for (int i = 0; i < 3; ++i) {
                put_png(source_ / split / "images" / fmt::format("{}{}.png", split, i));
                DeepImage mask{kWidth, kHeight, 1, {}};
                for (int n = 0; n < kWidth * kHeight; ++n)
                    mask.samples.push_back(
                        static_cast<std::uint16_t>(has_void && number(0, 9) == 0 ? 255 : number(0, most)));
                auto file = encode_png(mask);
                if (most <= 255) {
                    Image grey;
                    grey.reset(kWidth, kHeight, 1);
                    std::ranges::copy(mask.samples, grey.pixels.begin());
                    file = encode_png(grey);
                }
                put_file(source_ / split / "masks" / fmt::format("{}{}.png", split, i), *file);
            }
            source[fmt::format("{}masks", prefix)] = source_ / split / "masks";
            source[fmt::format("{}images", prefix)] = source_ / split / "images";
        }
        return source;
    }
    json pair_source() {
        json source{{"type", "pairs"}};
        for (const auto& [split, prefix] : {std::pair("train", ""), {"val", "val_"}, {"test", "test_"}}) {
            for (int i = 0; i < 3; ++i)
                for (const char* folder : {"in", "out"})
                    put_png(source_ / split / folder / fmt::format("{}{}.png", split, i));
            source[fmt::format("{}labels", prefix)] = source_ / split / "out";
            source[fmt::format("{}images", prefix)] = source_ / split / "in";
        }
        return source;
    }
    json number_source() {
        std::string text = "image,x,\"an, angle\"\n";
        for (int i = 0; i < 9; ++i) {
            put_png(source_ / fmt::format("{}.png", i));
            text += fmt::format("{}.png,{},{}\n", i, static_cast<float>(fraction()),
                                static_cast<float>(-fraction() * 1e-9));
        }
        put_file(source_ / "table.csv", text);
        return {{"type", "csv"}, {"csv", source_ / "table.csv"}, {"root", source_}, {"percent_test", 20}};
    }

    /// A dataset in a folder of its own.
    struct Made {
        JobFolder job;
        DatasetFacts facts;
        std::unique_ptr<DatasetReader> reader;
    };
    static void make(Made& made, const json& source, const std::string& task, const json& changes = json::object()) {
        json document{{"source", source}, {"type", task}, {"image", {{"resize", "none"}}}};
        document.merge_patch(changes);
        const auto spec = parse_dataset_spec(document);
        ASSERT_TRUE(spec) << spec.error().to_string();
        const auto built = build_dataset(*spec, made.job);
        ASSERT_TRUE(built) << built.error().to_string();
        made.facts = *read_dataset_facts(made.job.job_dir());
        auto reader = DatasetReader::open(made.job.job_dir(), made.facts);
        ASSERT_TRUE(reader) << reader.error().to_string();
        made.reader = std::move(*reader);
    }
    static std::map<std::string, StoredSample> samples_of(const Made& made, Split split) {
        std::map<std::string, StoredSample> samples;
        for (std::uint64_t i = 0; i < made.reader->size(split); ++i) {
            auto sample = made.reader->get(split, i);
            EXPECT_TRUE(sample) << sample.error().to_string();
            // Exports give files new names, in a way that keeps the order of these.
            auto stem = fs::path(sample->name).stem().string();
            std::ranges::replace(stem, ' ', '_');
            std::ranges::replace(stem, '.', '_');
            EXPECT_TRUE(samples.emplace(stem, std::move(*sample)).second) << stem;
        }
        return samples;
    }

    fs::path exported(Made& made, const std::string& format) {
        const auto folder = place_.path() / ("export-" + format);
        auto spec = parse_export_spec({{"dataset_id", "x"}, {"format", format}, {"folder", folder}});
        EXPECT_TRUE(spec) << spec.error().to_string();
        const auto result = export_dataset(*spec, made.job.job_dir(), made.job);
        EXPECT_TRUE(result) << result.error().to_string();
        return folder;
    }
    /// Export, recognition, import.
    void import_again(Made& made, const std::string& format, Made& again, const json& changes = json::object()) {
        const auto folder = exported(made, format);
        const auto found = recognize_folder(folder.string(), {});
        ASSERT_TRUE(found) << found.error().to_string();
        ASSERT_FALSE((*found)["found"].empty()) << folder;
        const auto& first = (*found)["found"][0];
        ASSERT_TRUE(first["error"].is_null()) << first["error"];
        auto source = first["source"];
        if (source["type"] == "kitti") source["val_min_box"] = 0;
        make(again, source, made.facts.task, changes);
        for (const auto& one : again.job.logs()) EXPECT_EQ(one, "");
    }
    static void expect_equal(const Made& a, const Made& b, const Loses& loses = {}) {
        if (!loses.numbers) EXPECT_EQ(a.facts.labels, b.facts.labels);
        EXPECT_EQ(a.facts.target, b.facts.target);
        EXPECT_EQ(a.facts.target_shape, b.facts.target_shape);
        EXPECT_EQ(a.facts.target_names, b.facts.target_names);
        EXPECT_EQ(a.facts.ignore_label, b.facts.ignore_label);
        for (const Split split : kSplits) {
            const auto before = samples_of(a, split), after = samples_of(b, split);
            ASSERT_EQ(before.size(), after.size()) << enum_name(split);
            for (const auto& [stem, sample] : before) {
                ASSERT_TRUE(after.contains(stem)) << stem;
                const auto& other = after.at(stem);
                EXPECT_EQ(*decode_image(sample.image.bytes), *decode_image(other.image.bytes)) << stem;
                if (!std::holds_alternative<Boxes>(sample.target))
                    EXPECT_TRUE(sample.target == other.target) << stem;
                else
                    expect_equal_boxes(a, sample, b, other, loses);
            }
        }
    }
    static void expect_equal_boxes(const Made& a, const StoredSample& before, const Made& b, const StoredSample& after,
                                   const Loses& loses) {
        const auto& wanted = std::get<Boxes>(before.target).boxes;
        const auto& found = std::get<Boxes>(after.target).boxes;
        ASSERT_EQ(wanted.size(), found.size()) << before.name;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            EXPECT_EQ(a.facts.labels[static_cast<std::size_t>(wanted[i].label)],
                      b.facts.labels[static_cast<std::size_t>(found[i].label)]);
            EXPECT_NEAR(wanted[i].left, found[i].left, loses.pixels);
            EXPECT_NEAR(wanted[i].top, found[i].top, loses.pixels);
            EXPECT_NEAR(wanted[i].right, found[i].right, loses.pixels);
            EXPECT_NEAR(wanted[i].bottom, found[i].bottom, loses.pixels);
            EXPECT_EQ(wanted[i].crowd && !loses.crowd, found[i].crowd);
            EXPECT_EQ(wanted[i].difficult, found[i].difficult);
            EXPECT_TRUE(wanted[i].kitti == found[i].kitti);
        }
    }

    TemporaryFolder place_;
    fs::path source_ = place_.path() / "source";
    std::mt19937 random_{20260101};
};

TEST_F(Export, classes_come_back) {
    for (const json& storage : {json{{"encoding", "png"}}, json{{"encoding", "none"}}, json{{"encoding", "jpeg"}}}) {
        Made made;
        make(made, class_source(), "classification", {{"storage", storage}});
        for (const char* format : {"folders", "webdataset"}) {
            Made again;
            import_again(made, format, again);
            expect_equal(made, again);
            fs::remove_all(place_.path() / fmt::format("export-{}", format));
        }
    }
}

TEST_F(Export, writes_encoded_records_as_they_are) {
    Made made;
    make(made, class_source(), "classification", {{"storage", {{"encoding", "jpeg"}}}});
    const auto folder = exported(made, "folders");
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder / "train"))
        if (entry.is_regular_file()) files[entry.path().stem().string()] = text_of(entry.path());
    EXPECT_EQ(files.size(), 7U);
    for (const auto& [name, sample] : samples_of(made, Split::kTrain)) {
        EXPECT_EQ(sample.image.ending, ".jpg");
        auto stem = name;
        stem.replace(stem.rfind('_'), 1, ".");
        EXPECT_TRUE(files[stem] == sample.image.bytes) << name;
    }
}

TEST_F(Export, datasets_in_hdf5_come_back) {
    Made made;
    make(made, class_source(), "classification",
         {{"storage", {{"backend", "hdf5"}}},
          {"image", {{"resize", "squash"}, {"width", kWidth}, {"height", kHeight}}}});
    Made again;
    import_again(made, "folders", again);
    expect_equal(made, again);
    Made boxes, boxes_again;
    fs::remove_all(source_);
    make(boxes, box_source(), "detection",
         {{"storage", {{"backend", "hdf5"}}},
          {"image", {{"resize", "squash"}, {"width", kWidth}, {"height", kHeight}}}});
    import_again(boxes, "coco", boxes_again);
    expect_equal(boxes, boxes_again);
}

TEST_F(Export, boxes_come_back) {
    for (int round = 0; round < 3; ++round) {
        fs::remove_all(source_);
        Made made;
        make(made, box_source(), "detection");
        for (const auto& [format, loses] : {std::pair("coco", Loses{}),
                                            {"webdataset", Loses{}},
                                            {"voc", Loses{.crowd = true, .numbers = true}},
                                            {"createml", Loses{.crowd = true, .numbers = true, .pixels = 1e-4}},
                                            {"yolo", Loses{.crowd = true, .pixels = 1e-4}}}) {
            SCOPED_TRACE(format);
            Made again;
            import_again(made, format, again);
            expect_equal(made, again, loses);
            fs::remove_all(place_.path() / fmt::format("export-{}", format));
        }
    }
}

TEST_F(Export, kitti_comes_back_with_all_its_columns) {
    Made made;
    make(made, kitti_source(), "detection");
    for (const char* format : {"kitti", "webdataset"}) {
        SCOPED_TRACE(format);
        Made again;
        import_again(made, format, again);
        if (std::string_view(format) == "webdataset") again.facts.ignore_label = made.facts.ignore_label;
        expect_equal(made, again);
    }
}

TEST_F(Export, masks_come_back) {
    for (const auto& [most, has_void] : {std::pair(4, false), {5, true}, {1, true}, {300, false}}) {
        SCOPED_TRACE(most);
        fs::remove_all(source_);
        Made made;
        make(made, mask_source(most, has_void), "segmentation");
        for (const char* format : {"masks", "voc", "webdataset", "coco"}) {
            SCOPED_TRACE(format);
            // Run lengths have no pixels that do not count.
            if (std::string_view(format) == "coco" && has_void) continue;
            Made again;
            import_again(made, format, again);
            // A tar file does not say that no pixel is 255.
            if (std::string_view(format) == "webdataset") again.facts.ignore_label = made.facts.ignore_label;
            expect_equal(made, again);
            fs::remove_all(place_.path() / fmt::format("export-{}", format));
        }
    }
}

TEST_F(Export, pairs_and_numbers_come_back) {
    Made pairs;
    make(pairs, pair_source(), "processing");
    for (const char* format : {"pairs", "webdataset"}) {
        SCOPED_TRACE(format);
        Made again;
        import_again(pairs, format, again);
        expect_equal(pairs, again);
        fs::remove_all(place_.path() / fmt::format("export-{}", format));
    }
    fs::remove_all(source_);
    Made numbers;
    make(numbers, number_source(), "regression");
    for (const char* format : {"csv", "webdataset"}) {
        SCOPED_TRACE(format);
        Made again;
        import_again(numbers, format, again);
        expect_equal(numbers, again);
    }
}

TEST_F(Export, pairs_for_siamese_networks_come_back) {
    for (int i = 0; i < 8; ++i) put_png(source_ / (i % 2 ? "odd" : "even") / fmt::format("{}.png", i));
    const json storage{{"storage", {{"encoding", "none"}}}};
    Made made, again;
    make(made, {{"type", "siamese"}, {"path", source_}, {"per_image", 2}, {"percent_val", 0}}, "regression", storage);
    const auto folder = exported(made, "siamese");
    make(again, {{"type", "siamese"}, {"pairs", folder / "train.txt"}, {"root", folder}, {"percent_val", 0}},
         "regression", storage);
    const auto pairs_of = [](const Made& one) {
        std::multiset<std::tuple<std::string, std::string, int>> pairs;
        for (std::uint64_t i = 0; i < one.reader->size(Split::kTrain); ++i) {
            const auto sample = one.reader->get(Split::kTrain, i);
            EXPECT_TRUE(sample) << sample.error().to_string();
            pairs.emplace(sample->image.bytes, sample->second_image.bytes, std::get<ClassLabel>(sample->target).index);
        }
        return pairs;
    };
    EXPECT_EQ(made.reader->size(Split::kTrain), 16U);
    EXPECT_TRUE(pairs_of(made) == pairs_of(again));
    const auto refused = check_export(*parse_export_spec({{"dataset_id", "x"}, {"format", "folders"}}), made.facts);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("siamese"));
}

TEST_F(Export, several_labels_come_back) {
    std::string text = "image,cat,a dog,owl\n";
    for (int i = 0; i < 9; ++i) {
        put_png(source_ / fmt::format("{}.png", i));
        text += fmt::format("{}.png,{},{},{}\n", i, number(0, 1), number(0, 1), number(0, 1));
    }
    put_file(source_ / "table.csv", text);
    Made made;
    make(made, {{"type", "label_table"}, {"table", source_ / "table.csv"}, {"root", source_}}, "multilabel");
    EXPECT_EQ(made.facts.labels, (std::vector<std::string>{"cat", "a dog", "owl"}));
    for (const char* format : {"csv", "webdataset"}) {
        SCOPED_TRACE(format);
        Made again;
        import_again(made, format, again);
        expect_equal(made, again);
    }
}

TEST_F(Export, deep_images_come_back) {
    std::uniform_real_distribution<float> some(-2, 70000);
    for (int i = 0; i < 8; ++i) {
        auto bytes = npy_header("<f4", {kHeight, kWidth, 3});
        std::vector<float> values(static_cast<std::size_t>(kWidth) * kHeight * 3);
        for (auto& value : values) value = some(random_);
        bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
        put_file(source_ / (i % 2 ? "odd" : "even") / fmt::format("{}.npy", i), bytes);
    }
    const json deep{{"image", {{"depth", "float"}}}};
    Made made;
    make(made, {{"type", "folder"}, {"path", source_}}, "classification", deep);
    for (const char* format : {"folders", "webdataset"}) {
        Made again;
        import_again(made, format, again, deep);
        const auto before = samples_of(made, Split::kTrain), after = samples_of(again, Split::kTrain);
        ASSERT_EQ(before.size(), after.size());
        for (const auto& [stem, sample] : before) {
            EXPECT_EQ(sample.image.ending, ".npy");
            ASSERT_TRUE(after.contains(stem)) << stem;
            EXPECT_TRUE(sample.image.bytes == after.at(stem).image.bytes) << stem;
        }
    }
}

TEST_F(Export, refuses_formats_that_cannot_hold_it_and_folders_that_are_there) {
    Made made;
    make(made, class_source(), "classification");
    auto spec = *parse_export_spec({{"dataset_id", "x"}, {"format", "coco"}, {"folder", place_.path() / "new"}});
    const auto wrong = export_dataset(spec, made.job.job_dir(), made.job);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(wrong.error().message, HasSubstr("folders, webdataset"));
    spec = *parse_export_spec({{"dataset_id", "x"}, {"format", "folders"}, {"folder", source_}});
    const auto full = export_dataset(spec, made.job.job_dir(), made.job);
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_TRUE(fs::exists(source_ / "labels.txt"));
    EXPECT_FALSE(parse_export_spec({{"dataset_id", "x"}, {"format", "folders"}, {"folder", "here"}}));
    EXPECT_FALSE(parse_export_spec({{"dataset_id", "x"}, {"format", "pascal"}}));
}

TEST_F(Export, leaves_nothing_when_it_is_stopped) {
    Made made;
    make(made, class_source(), "classification");
    JobFolder stopped(3);
    const auto folder = place_.path() / "stopped";
    const auto spec = *parse_export_spec({{"dataset_id", "x"}, {"format", "folders"}, {"folder", folder}});
    const auto result = export_dataset(spec, made.job.job_dir(), stopped);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kCancelled);
    EXPECT_FALSE(fs::exists(folder));
    EXPECT_FALSE(fs::exists(folder.string() + ".partial"));
}

TEST_F(Export, packs_a_tar_that_others_unpack) {
    Made made;
    make(made, class_source(), "classification");
    const auto spec = *parse_export_spec({{"dataset_id", "x"}, {"format", "folders"}});
    const auto result = export_dataset(spec, made.job.job_dir(), made.job);
    ASSERT_TRUE(result) << result.error().to_string();
    EXPECT_EQ((*result)["file"], "export.tar");
    const auto unpacked = place_.path() / "unpacked";
    fs::create_directory(unpacked);
    ASSERT_EQ(
        std::system(fmt::format("tar xf '{}' -C '{}'", (made.job.job_dir() / "export.tar").string(), unpacked.string())
                        .c_str()),
        0);
    const auto folder = exported(made, "folders");
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) continue;
        ++files;
        EXPECT_TRUE(text_of(entry.path()) == text_of(unpacked / fs::relative(entry.path(), folder))) << entry.path();
    }
    EXPECT_EQ(files, 12U + 4U);
}

TEST(TarIndex, reads_names_of_any_length_and_refuses_damaged_files) {
    const TemporaryFolder folder;
    const auto path = (folder.path() / "a.tar").string();
    const std::string name = std::string(180, 'x') + "/" + std::string(90, 'y') + ".png";
    std::string tar = tar_entry("short.txt", "abc") + tar_entry(name, std::string(513, 'z'));
    tar += tar_end();
    put_file(path, tar);
    ScanLimits limits;
    ScanGuard guard(limits);
    const auto index = index_tar(path, {}, guard);
    ASSERT_TRUE(index) << index.error().to_string();
    const auto& members = index->members;
    ASSERT_EQ(members.size(), 2U);
    EXPECT_EQ(members[0].name, "short.txt");
    EXPECT_EQ(members[1].name, name);
    EXPECT_EQ(*read_part(path, members[1].offset, members[1].size, {}), std::string(513, 'z'));
    for (const std::string& damaged : {std::string(600, 'q'), tar.substr(0, tar.size() - 1600), std::string("short")}) {
        put_file(path, damaged);
        EXPECT_FALSE(index_tar(path, {}, guard));
    }
}

TEST(TarIndex, names_the_member_in_which_a_file_is_cut_off) {
    const TemporaryFolder folder;
    const auto path = (folder.path() / "a.tar").string();
    const auto first = tar_entry("a.png", std::string(700, 'a')), second = tar_entry("b.png", std::string(700, 'b'));
    const auto whole = first + second + std::string(tar_end());
    auto continued = second;
    continued[156] = 'M';
    // The type is part of the sum, which is six octal digits.
    const auto sum = std::stoul(continued.substr(148, 7), nullptr, 8) + 'M' - '0';
    continued.replace(148, 6, fmt::format("{:06o}", sum));
    struct Case {
        std::string bytes, error;
        std::size_t members = 0;
        bool has_end = false;
    };
    const std::vector<Case> cases{
        {whole, "", 2, true},
        {first + second, "", 2},
        {first, "", 1},
        // The zeros behind the last byte of a member are not part of it.
        {first.substr(0, 512 + 700), "", 1},
        {first + second.substr(0, 512 + 600), "the tar file is cut off in \"b.png\", after 600 of 700 bytes"},
        {first + second.substr(0, 512), "the tar file is cut off in \"b.png\", after 0 of 700 bytes"},
        {first + second.substr(0, 300), "the tar file is cut off behind \"a.png\""},
        {continued + first, "\"b.png\" begins in an earlier volume of the tar file"},
    };
    ScanLimits limits;
    ScanGuard guard(limits);
    for (const auto& one : cases) {
        SCOPED_TRACE(one.error);
        put_file(path, one.bytes);
        const auto index = index_tar(path, {}, guard);
        if (!one.error.empty()) {
            ASSERT_FALSE(index);
            EXPECT_EQ(index.error().message, one.error);
            EXPECT_EQ(index.error().code, ErrorCode::kDataLoss);
            continue;
        }
        ASSERT_TRUE(index) << index.error().to_string();
        EXPECT_EQ(index->members.size(), one.members);
        EXPECT_EQ(index->has_end, one.has_end);
        EXPECT_EQ(is_tar_without_end(path, {}), !one.has_end);
    }
}

}  // namespace
}  // namespace digits
