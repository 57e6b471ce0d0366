#include "models/archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "models/prepare.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class ArchiveTest : public testing::Test {
  protected:
    ArchiveTest() {
        fs::create_directories(dataset());
        fs::create_directories(job());
        write(dataset() / "dataset.json", R"({
            "format": 1, "image": {"width": 32, "height": 28, "channels": 1, "resize": "squash"},
            "storage": {"backend": "lmdb"}, "labels": ["a", "b"],
            "splits": {"train": {"count": 640, "db": "train_db"}}, "mean_file": "mean.binaryproto", "mean_pixel": [1]})");
        write(dataset() / "labels.txt", "a\nb\n");
        write(dataset() / "mean.binaryproto", "mean");
        ModelSpec spec;
        spec.dataset_dir = dataset().string();
        spec.network.standard = "lenet";
        spec.mean = MeanMode::kPixel;
        EXPECT_TRUE(prepare_model(spec, job()));
        weights_.resize(3'000'000);
        for (std::size_t i = 0; i < weights_.size(); ++i) weights_[i] = static_cast<char>(i * 2654435761U >> 13);
        write(job() / "snapshot_iter_25.caffemodel", weights_);
        request_ = {job(),      dataset(), "snapshot_iter_25.caffemodel", "20261123-101500-3fa9",
                    "My model", "Done",    "20261123-101000-0001",        "2026-11-23 19:15:00.000000",
                    ""};
        for (const char* name : {"deploy.prototxt", "train_val.prototxt", "solver.prototxt", "original.prototxt"})
            request_.parts.files.push_back(job() / name);
        request_.parts.info = {{"framework", "caffe"},
                               {"caffe flavor", "Digits"},
                               {"caffe version", DIGITS_VERSION},
                               {"model file", "original.prototxt"},
                               {"solver file", "solver.prototxt"},
                               {"train_val file", "train_val.prototxt"},
                               {"deploy file", "deploy.prototxt"}};
        request_.parts.transform = *read_image_transform(job());
        request_.snapshots = *list_snapshots(job());
    }

    fs::path dataset() const { return folder_.path() / "dataset"; }
    fs::path job() const { return folder_.path() / "job"; }
    static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

    TemporaryFolder folder_;
    std::string weights_;
    ArchiveRequest request_;
};

/// The members of a .tar.gz, as another program sees them.
std::vector<std::pair<std::string, std::string>> unpack(const std::string& bytes) {
    std::vector<std::pair<std::string, std::string>> members;
    auto* reader = archive_read_new();
    archive_read_support_filter_gzip(reader);
    archive_read_support_format_tar(reader);
    EXPECT_EQ(archive_read_open_memory(reader, bytes.data(), bytes.size()), ARCHIVE_OK);
    archive_entry* entry = nullptr;
    while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
        std::string content(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
        EXPECT_EQ(archive_read_data(reader, content.data(), content.size()), static_cast<la_ssize_t>(content.size()));
        members.emplace_back(archive_entry_pathname(entry), std::move(content));
    }
    archive_read_free(reader);
    return members;
}

TEST_F(ArchiveTest, TellsOfImagesThatAreNoColors) {
    auto facts = nlohmann::json::parse(*read_file(dataset() / "dataset.json"));
    facts["image"]["depth"] = "float";
    facts["image"]["bands"] = 5;
    write(dataset() / "dataset.json", facts.dump());
    const auto archive = ModelArchive::create(request_);
    ASSERT_TRUE(archive) << archive.error().to_string();
    const auto info = nlohmann::json::parse(archive->info());
    EXPECT_EQ(info["image depth"], "float");
    EXPECT_EQ(info["image bands"], 5);
    EXPECT_EQ(info["image dimensions"], nlohmann::json::parse("[28, 32, 5]"));
}

TEST_F(ArchiveTest, HoldsWhatDigitsPutsIn) {
    const auto archive = ModelArchive::create(request_);
    ASSERT_TRUE(archive) << archive.error().to_string();
    EXPECT_EQ(archive->file_name(), "20261123-101500-3fa9_epoch_2.5.tar.gz");
    std::string bytes;
    std::size_t largest = 0;
    ASSERT_TRUE(archive->write([&](std::string_view part) -> Status {
        bytes += part;
        largest = std::max(largest, part.size());
        return {};
    }));
    EXPECT_LE(largest, 1U << 16);
    const auto members = unpack(bytes);
    std::vector<std::string> names;
    for (const auto& [name, content] : members) names.push_back(name);
    EXPECT_THAT(names, ElementsAre("deploy.prototxt", "train_val.prototxt", "solver.prototxt", "original.prototxt",
                                   "labels.txt", "mean.binaryproto", "snapshot_iter_25.caffemodel", "info.json"));
    EXPECT_EQ(names, archive->members());
    EXPECT_EQ(members[0].second, *read_file(job() / "deploy.prototxt"));
    EXPECT_EQ(members[4].second, "a\nb\n");
    EXPECT_TRUE(members[6].second == weights_);
    EXPECT_EQ(members[7].second, R"({
    "caffe flavor": "Digits",
    "caffe version": ")" DIGITS_VERSION R"(",
    "channel order": "BGR",
    "creation time": "2026-11-23 19:15:00.000000",
    "crop size": null,
    "dataset_id": "20261123-101000-0001",
    "deploy file": "deploy.prototxt",
    "digits version": ")" DIGITS_VERSION R"(",
    "framework": "caffe",
    "id": "20261123-101500-3fa9",
    "image dimensions": [
        28,
        32,
        1
    ],
    "image resize mode": "squash",
    "image scale": 1.0,
    "job id": "20261123-101500-3fa9",
    "labels file": "labels.txt",
    "mean file": "mean.binaryproto",
    "mean subtraction": "pixel",
    "mean values": [
        1.0
    ],
    "model file": "original.prototxt",
    "name": "My model",
    "snapshot file": "snapshot_iter_25.caffemodel",
    "solver file": "solver.prototxt",
    "status": "Done",
    "train_val file": "train_val.prototxt",
    "username": null
})");
}

TEST_F(ArchiveTest, SameFilesGiveSameBytes) {
    const auto archive = ModelArchive::create(request_);
    ASSERT_TRUE(archive);
    std::string first, second;
    ASSERT_TRUE(archive->write([&](std::string_view part) -> Status { return first += part, Status{}; }));
    ASSERT_TRUE(archive->write([&](std::string_view part) -> Status { return second += part, Status{}; }));
    EXPECT_TRUE(first == second);
}

TEST_F(ArchiveTest, StopsWhenTheReceiverDoes) {
    const auto archive = ModelArchive::create(request_);
    ASSERT_TRUE(archive);
    int calls = 0;
    const auto status = archive->write([&](std::string_view) -> Status {
        return ++calls < 3 ? Status{} : Status(fail(ErrorCode::kUnavailable, "the browser left"));
    });
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(calls, 3);
}

TEST_F(ArchiveTest, TellsOfWhatIsMissingBeforeItWrites) {
    for (const char* name : {"snapshot_iter_1.caffemodel", "../job/snapshot_iter_25.caffemodel", "model.json", ""}) {
        request_.snapshot = name;
        EXPECT_EQ(ModelArchive::create(request_).error().code, ErrorCode::kNotFound) << name;
    }
    request_.snapshot = "snapshot_iter_25.caffemodel";
    fs::remove(dataset() / "labels.txt");
    EXPECT_THAT(ModelArchive::create(request_).error().message, testing::HasSubstr("labels.txt"));
    fs::remove(dataset() / "dataset.json");
    EXPECT_EQ(ModelArchive::create(request_).error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(ArchiveTest, HoldsTheMeanOfTheNetworkItself) {
    ModelSpec spec;
    spec.dataset_dir = dataset().string();
    spec.mean = MeanMode::kNone;
    spec.network.prototxt = R"(
        layer { name: "t" type: "Data" top: "data" top: "label" include { stage: "train" } }
        layer { name: "v" type: "Data" top: "data" top: "label" include { stage: "val" } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
        layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include { stage: "deploy" } })";
    const auto own = folder_.path() / "elsewhere.binaryproto";
    const std::string transform = fmt::format("transform_param {{ scale: 0.017 mean_file: \"{}\" }} }}", own.string());
    for (const auto* layer : {"\"train\" } }", "\"val\" } }"}) {
        const auto end = spec.network.prototxt.find(layer) + std::string_view(layer).size() - 1;
        spec.network.prototxt.replace(end, 1, transform);
    }
    EXPECT_THAT(prepare_model(spec, job()).error().message, testing::HasSubstr("[t] its mean_file"));
    write(own, "own mean");
    ASSERT_TRUE(prepare_model(spec, job()));
    fs::remove(own);
    ASSERT_TRUE(prepare_model(spec, job())) << "a resumed training needs the original no more";
    request_.parts.transform = *read_image_transform(job());
    const auto archive = ModelArchive::create(request_);
    ASSERT_TRUE(archive) << archive.error().to_string();
    EXPECT_THAT(archive->members(), testing::Contains("own_mean.binaryproto"));
    EXPECT_THAT(archive->members(), testing::Not(testing::Contains("mean.binaryproto")));
    EXPECT_THAT(archive->info(), testing::HasSubstr("\"mean file\": \"own_mean.binaryproto\""));
    EXPECT_THAT(archive->info(), testing::HasSubstr("\"mean subtraction\": \"image\""));
    EXPECT_THAT(archive->info(), testing::HasSubstr("\"image scale\": 0.017,"));
}

TEST_F(ArchiveTest, LeavesTheLabelsOutWhereThereAreNoClasses) {
    auto facts = nlohmann::json::parse(*read_file(dataset() / "dataset.json"));
    facts["labels"] = nlohmann::json::array();
    write(dataset() / "dataset.json", facts.dump());
    fs::remove(dataset() / "labels.txt");
    const auto archive = ModelArchive::create(request_);
    ASSERT_TRUE(archive) << archive.error().to_string();
    EXPECT_THAT(archive->members(), testing::Not(testing::Contains("labels.txt")));
    EXPECT_FALSE(nlohmann::json::parse(archive->info()).contains("labels file"));
}

TEST_F(ArchiveTest, LeavesTheMeanOutWhenThereIsNone) {
    write(dataset() / "dataset.json", R"({
        "image": {"width": 32, "height": 28, "channels": 1, "resize": "fill"}, "storage": {"backend": "lmdb"},
        "labels": ["a", "b"], "splits": {"train": {"count": 640, "db": "train_db"}}, "mean_file": null, "mean_pixel": null})");
    const auto archive = ModelArchive::create(request_);
    ASSERT_TRUE(archive) << archive.error().to_string();
    EXPECT_THAT(archive->members(), testing::Not(testing::Contains("mean.binaryproto")));
    EXPECT_THAT(archive->info(), testing::HasSubstr("\"mean file\": \"\""));
}

}  // namespace
}  // namespace digits
