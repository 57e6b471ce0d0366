// Each folder of tests/cases/adapt is a network and what becomes of it for a dataset: tests/cases/README.md.

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "caffe/prototxt.hpp"
#include "models/adapt.hpp"
#include "models/standard_networks.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kCases = fs::path(DIGITS_SOURCE_DIR) / "tests/cases/adapt";

std::vector<std::string> case_names() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(kCases)) names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
}

TrainingData dataset_of(const json& changes) {
    TrainingData data;
    data.label_count = changes.value("label_count", 10);
    data.channels = changes.value("channels", 1);
    data.height = data.width = changes.value("side", 28);
    data.backend = changes.value("backend", "lmdb") == "hdf5" ? TrainingBackend::kHdf5 : TrainingBackend::kLmdb;
    data.train_db = "/d/train_db";
    data.val_db = "/d/val_db";
    data.train_count = data.val_count = 100;
    data.mean_file = "/d/mean.binaryproto";
    data.mean_pixel.assign(static_cast<std::size_t>(data.channels), 33.5F);
    if (changes.value("target", "class") == "boxes") {
        data.target_form = caffe::DataParameter::BOXES;
        data.train_label_db = "/d/train_labels_db";
        data.val_label_db = "/d/val_labels_db";
    }
    return data;
}

std::string to_text(const std::vector<NetworkChange>& changes) {
    std::string text;
    for (const auto& change : changes) text += fmt::format("{} [{}] {}\n", change.line, change.layer, change.message);
    return text;
}

class AdaptCase : public testing::TestWithParam<std::string> {
  protected:
    std::string text(const char* name) const {
        const auto file = kCases / GetParam() / name;
        return fs::exists(file) ? read_file(file).value() : std::string();
    }
};

TEST_P(AdaptCase, BecomesWhatItsFilesSay) {
    const auto dataset = dataset_of(text("dataset.json").empty() ? json::object() : json::parse(text("dataset.json")));
    const auto adapted = adapt_network(text("network.prototxt"), dataset);
    ASSERT_TRUE(adapted) << adapted.error().to_string();
    EXPECT_EQ(to_text(adapted->changes), text("changes.txt"));
    EXPECT_EQ(adapted->text, text("adapted.prototxt"));

    const auto net = parse_net_text(adapted->text, "adapted");
    ASSERT_TRUE(net) << net.error().to_string();
    TrainingChoices choices;
    if (dataset.backend == TrainingBackend::kHdf5) choices.mean = MeanMode::kNone;
    const bool has_boxes = dataset.target_form == caffe::DataParameter::BOXES;
    const auto files =
        has_boxes ? make_generic_training_files(*net, dataset, choices) : make_training_files(*net, dataset, choices);
    EXPECT_TRUE(files) << files.error().to_string();

    const auto again = adapt_network(adapted->text, dataset);
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ(to_text(again->changes), "") << "what is adapted needs no changes";
    EXPECT_EQ(again->text, adapted->text);
}

INSTANTIATE_TEST_SUITE_P(Networks, AdaptCase, testing::ValuesIn(case_names()),
                         [](const auto& one) { return one.param; });

TEST(AdaptNetwork, LeavesTheStandardNetworksAsTheyAre) {
    for (const auto& network : standard_networks()) {
        const auto adapted = adapt_network(network.prototxt, dataset_of({{"side", 256}, {"channels", 3}}));
        ASSERT_TRUE(adapted) << network.name << ": " << adapted.error().to_string();
        EXPECT_EQ(to_text(adapted->changes), "") << network.name;
        EXPECT_EQ(adapted->text, network.prototxt);
    }
}

}  // namespace
}  // namespace digits
