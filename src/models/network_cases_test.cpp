// Each folder of tests/cases/networks is a network and what becomes of it by DIGITS's rules: tests/cases/README.md.

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "caffe/prototxt.hpp"
#include "models/model_spec.hpp"
#include "models/prepare.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kCases = fs::path(DIGITS_SOURCE_DIR) / "tests/cases/networks";

std::vector<std::string> case_names() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(kCases)) names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
}

/// MNIST, but for the members of the case.
TrainingData dataset_of(json changes) {
    json facts{{"label_count", 10},    {"channels", 1},
               {"height", 28},         {"width", 28},
               {"backend", "lmdb"},    {"train_db", "/d/train_db"},
               {"train_count", 45000}, {"val_db", "/d/val_db"},
               {"val_count", 15000},   {"mean_file", "/d/mean.binaryproto"},
               {"mean_pixel", {33.5}}};
    for (const auto& [name, value] : changes.items()) {
        EXPECT_TRUE(facts.contains(name)) << "dataset.json: " << name;
        facts[name] = value;
    }
    TrainingData data;
    data.label_count = facts["label_count"];
    data.channels = facts["channels"];
    data.height = facts["height"];
    data.width = facts["width"];
    data.backend = facts["backend"] == "hdf5" ? TrainingBackend::kHdf5 : TrainingBackend::kLmdb;
    data.train_db = facts["train_db"];
    data.train_count = facts["train_count"];
    data.val_db = facts["val_db"];
    data.val_count = facts["val_count"];
    data.mean_file = facts["mean_file"];
    data.mean_pixel = facts["mean_pixel"].get<std::vector<float>>();
    return data;
}

std::string to_text(const std::vector<ModelFinding>& findings) {
    std::string text;
    for (const auto& finding : findings) text += to_json(finding).dump() + "\n";
    return text;
}

class NetworkCase : public testing::TestWithParam<std::string> {
  protected:
    void check() const;

    fs::path file(const char* name) const { return kCases / GetParam() / name; }
    std::string text(const char* name) const { return read_file(file(name)).value(); }
    json object(const char* name) const { return fs::exists(file(name)) ? json::parse(text(name)) : json::object(); }

    TrainingChoices choices() const {
        auto spec = object("choices.json");
        spec["network"] = {{"prototxt", "the case's"}};
        const auto parsed = parse_model_spec(spec);
        EXPECT_TRUE(parsed) << "choices.json: " << parsed.error().to_string();
        return parsed ? training_choices(*parsed) : TrainingChoices{};
    }

    /// Where the case has this file: whether it says the same as `got`.
    template <class Message, class Parse>
    bool expect_same(const char* name, const Message& got, const Parse& parse) const {
        if (!fs::exists(file(name))) return false;
        const auto want = parse(text(name), name);
        EXPECT_TRUE(want) << want.error().to_string();
        if (!want) return true;
        google::protobuf::util::MessageDifferencer differ;
        std::string words;
        differ.ReportDifferencesToString(&words);
        EXPECT_TRUE(differ.Compare(*want, got)) << name << ", wanted and made:\n"
                                                << words << "\nmade:\n"
                                                << got.DebugString();
        return true;
    }
};

/// What the check finds in a case that has findings.json.
void NetworkCase::check() const {
    auto asked = object("choices.json");
    asked["network"] = {{"prototxt", text("network.prototxt")}};
    const auto spec = parse_model_spec(asked);
    ASSERT_TRUE(spec) << spec.error().to_string();
    const auto data = dataset_of(object("dataset.json"));
    const auto check = check_model(*spec, AssumedImages{data.width, data.height, data.channels, data.label_count, {}});
    const auto wanted = json::parse(text("findings.json"));
    ASSERT_EQ(check.findings.size(), wanted.size()) << to_text(check.findings);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto found = to_json(check.findings[i]);
        for (const auto& [member, value] : wanted[i].items()) {
            if (member == "message")
                EXPECT_THAT(found["message"].get<std::string>(), testing::HasSubstr(value.get<std::string>()));
            else
                EXPECT_EQ(found.value(member, json("no such member")), value) << member << " of\n" << found;
        }
    }
}

TEST_P(NetworkCase, BecomesWhatItsFilesSay) {
    if (fs::exists(file("findings.json"))) return check();
    const auto net = parse_net_text(text("network.prototxt"), "network.prototxt");
    ASSERT_TRUE(net) << net.error().to_string();
    const auto files = make_training_files(*net, dataset_of(object("dataset.json")), choices());
    if (fs::exists(file("error.txt"))) {
        auto wanted = text("error.txt");
        while (wanted.ends_with('\n')) wanted.pop_back();
        ASSERT_FALSE(files) << "expected the error: " << wanted;
        EXPECT_EQ(files.error().code, ErrorCode::kInvalidArgument);
        EXPECT_THAT(files.error().message, testing::HasSubstr(wanted));
        return;
    }
    ASSERT_TRUE(files) << files.error().to_string();
    const auto net_text = [](const std::string& text, const char* name) { return parse_net_text(text, name); };
    const auto solver_text = [](const std::string& text, const char* name) { return parse_solver_text(text, name); };
    const int checked = expect_same("train_val.prototxt", files->train_val, net_text) +
                        expect_same("deploy.prototxt", files->deploy, net_text) +
                        expect_same("solver.prototxt", files->solver, solver_text);
    EXPECT_GT(checked, 0) << "the case expects nothing: give it error.txt or one of the three texts";

    std::vector<testing::Matcher<std::string>> warnings;
    if (fs::exists(file("warnings.txt"))) {
        std::ifstream lines(file("warnings.txt"));
        for (std::string line; std::getline(lines, line);) warnings.push_back(testing::HasSubstr(line));
    }
    EXPECT_THAT(files->warnings, testing::ElementsAreArray(warnings));
}

INSTANTIATE_TEST_SUITE_P(Networks, NetworkCase, testing::ValuesIn(case_names()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace digits
