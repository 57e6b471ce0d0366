// Every kind of source runs this suite on the cases in tests/cases/sources: a folder each, with spec.json (in which
// "{case}" stands for the folder and "{web}" for a server that offers it) and expected.json. A person adds one without
// compiling anything.

#include <gmock/gmock.h>

#include <map>
#include <set>
#include <thread>

#include "data/builder.hpp"
#include "data/case_server.hpp"
#include "data/open_source.hpp"
#include "data/records/databases/record_database.hpp"
#include "data/testing.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;

const fs::path kCases = fs::path(DIGITS_SOURCE_DIR) / "tests/cases/sources";

std::vector<std::string> all_cases() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(kCases))
        if (entry.is_directory()) names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
}

std::string replace_all(std::string text, std::string_view place, const std::string& by) {
    for (auto at = text.find(place); at != std::string::npos; at = text.find(place)) text.replace(at, place.size(), by);
    return text;
}

class SourceCase : public testing::TestWithParam<std::string> {
  protected:
    fs::path folder() const { return kCases / GetParam(); }
    json expected() const { return json::parse(text_of(folder() / "expected.json")); }
    Result<DatasetSpec> parse() const {
        const auto text = replace_all(text_of(folder() / "spec.json"), "{case}", folder().string());
        DIGITS_ASSIGN(auto spec, parse_dataset_spec(json::parse(replace_all(text, "{web}", server_.url()))));
        spec.fetch.private_hosts = {"127.0.0.1"};
        return spec;
    }
    DatasetSpec spec() const {
        auto parsed = parse();
        EXPECT_TRUE(parsed) << parsed.error().to_string();
        return *parsed;
    }
    std::unique_ptr<SampleSource> opened() const {
        auto source = open_source(spec());
        EXPECT_TRUE(source) << source.error().to_string();
        return std::move(*source);
    }
    /// Without the case's folder in front.
    std::string local(const std::string& name) const {
        for (const auto& start : {folder().string() + "/", server_.url() + "/", std::string("s3://cases/")})
            if (name.starts_with(start)) return name.substr(start.size());
        return name;
    }
    bool is_refused() const { return expected().contains("error"); }
    /// Its samples are made by a formula, or come from another machine.
    bool reads_no_files() const { return expected().value("reads_no_files", false); }

  private:
    CaseServer server_{folder()};
};

/// `use(split, index)` with every sample.
template <class Use>
void for_each_sample(const SampleSource& source, const Use& use) {
    for (const Split split : kSplits)
        for (std::size_t i = 0; i < source.size(split); ++i) use(split, i);
}

bool is_same(const Result<Sample>& a, const Result<Sample>& b) {
    if (!a || !b) return !a && !b && a.error().message == b.error().message;
    const auto same_pixels = [](const Image& x, const Image& y) {
        return x.width == y.width && x.height == y.height && x.channels == y.channels && x.pixels == y.pixels;
    };
    return a->name == b->name && a->target == b->target && std::ranges::equal(a->images, b->images, same_pixels);
}

TEST_P(SourceCase, finds_what_is_expected) {
    const auto wanted = expected();
    const auto parsed = parse();
    const auto source = parsed ? open_source(*parsed) : Result<std::unique_ptr<SampleSource>>(fail(parsed.error()));
    if (is_refused()) {
        ASSERT_FALSE(source);
        const auto& error = wanted["error"];
        EXPECT_EQ(enum_name(source.error().code), error["code"].get<std::string>()) << source.error().to_string();
        EXPECT_EQ(local(source.error().where), error["where"].get<std::string>());
        EXPECT_THAT(source.error().message, HasSubstr(error["message"].get<std::string>()));
        return;
    }
    ASSERT_TRUE(source) << source.error().to_string();
    const auto& facts = (*source)->facts();
    EXPECT_EQ(json(facts.labels), wanted.value("labels", json::array()));
    EXPECT_EQ(enum_name(facts.target), wanted["target"].get<std::string>());
    EXPECT_EQ(json(facts.target_shape), wanted.value("target_shape", json::array()));
    EXPECT_EQ(json(facts.target_names), wanted.value("target_names", json::array()));
    const auto warnings = wanted.value("warnings", json::array());
    EXPECT_EQ(facts.warnings.size(), warnings.size()) << testing::PrintToString(facts.warnings);
    for (const auto& warning : warnings) EXPECT_THAT(facts.warnings, Contains(HasSubstr(warning.get<std::string>())));
    EXPECT_EQ(json(facts.unsupported), wanted.value("unsupported", json::object()));
    // A split is chosen by a seed, so that only all of them together are sure.
    std::multiset<std::string> found, named;
    std::map<std::string, std::string> unreadable;
    for_each_sample(**source, [&](Split split, std::size_t i) {
        const auto name = local((*source)->name(split, i).text());
        if (const auto sample = (*source)->get(split, i))
            found.insert(name + ": " + target_text(sample->target, facts.labels));
        else
            unreadable[name] = sample.error().message;
    });
    for (const auto& sample : wanted["samples"]) named.insert(sample.get<std::string>());
    EXPECT_EQ(found, named);
    const auto bad = wanted.value("unreadable", json::object());
    EXPECT_EQ(unreadable.size(), bad.size());
    for (const auto& [name, reason] : bad.items())
        EXPECT_THAT(unreadable[name], HasSubstr(reason.get<std::string>())) << name;
    for (const Split split : kSplits)
        EXPECT_EQ((*source)->size(split), wanted["sizes"].value(std::string(enum_name(split)), 0U)) << enum_name(split);
}

TEST_P(SourceCase, gives_the_same_samples_when_it_is_opened_again) {
    if (is_refused()) return;
    const auto source = opened(), again = opened();
    for_each_sample(*source, [&](Split split, std::size_t i) {
        EXPECT_EQ(source->name(split, i), again->name(split, i));
        EXPECT_TRUE(is_same(source->get(split, i), again->get(split, i))) << source->name(split, i).text();
        EXPECT_TRUE(is_same(source->get(split, i), source->get(split, i))) << source->name(split, i).text();
    });
}

TEST_P(SourceCase, tells_names_and_targets_without_decoding) {
    if (is_refused()) return;
    const auto source = opened();
    for_each_sample(*source, [&](Split split, std::size_t i) {
        const auto sample = source->get(split, i);
        if (!sample) {
            EXPECT_EQ(sample.error().where, source->name(split, i).text()) << "an error names the file";
            return;
        }
        EXPECT_EQ(sample->name, source->name(split, i).text());
        EXPECT_EQ(target_kind(sample->target), source->facts().target);
        const auto target = source->target(split, i);
        if (target_kind(target) != TargetKind::kNone) {
            EXPECT_EQ(target, sample->target);
        }
        ASSERT_FALSE(sample->images.empty());
        EXPECT_GT(sample->images[0].pixels.size(), 0U);
    });
}

TEST_P(SourceCase, is_read_by_several_threads) {
    if (is_refused()) return;
    const auto source = opened();
    std::map<std::pair<Split, std::size_t>, Result<Sample>> alone;
    for_each_sample(*source,
                    [&](Split split, std::size_t i) { alone.emplace(std::pair(split, i), source->get(split, i)); });
    std::atomic<int> other = 0;
    {
        std::vector<std::jthread> threads;
        for (int k = 0; k < 4; ++k)
            threads.emplace_back([&] {
                for_each_sample(*source, [&](Split split, std::size_t i) {
                    if (!is_same(source->get(split, i), alone.at({split, i}))) ++other;
                });
            });
    }
    EXPECT_EQ(other, 0);
}

TEST_P(SourceCase, stops_when_asked_and_at_its_limits) {
    if (is_refused()) return;
    ScanLimits limits;
    limits.cancelled = [] { return true; };
    EXPECT_EQ(open_source(spec(), limits).error().code, ErrorCode::kCancelled);
    limits = {};
    limits.entries = 1;
    EXPECT_EQ(open_source(spec(), limits).error().code, ErrorCode::kTooLarge);
    limits = {};
    limits.time = std::chrono::milliseconds(0);
    EXPECT_EQ(open_source(spec(), limits).error().code, ErrorCode::kTooLarge);
}

TEST_P(SourceCase, reads_nothing_outside_the_roots) {
    if (is_refused() || reads_no_files()) return;
    const TemporaryFolder elsewhere;
    auto confined = spec();
    confined.roots = {elsewhere.path().string()};
    if (const auto source = open_source(confined))
        for_each_sample(**source, [&](Split split, std::size_t i) {
            const auto sample = (*source)->get(split, i);
            ASSERT_FALSE(sample);
            EXPECT_EQ(sample.error().code, ErrorCode::kPermissionDenied) << sample.error().to_string();
        });
    else
        EXPECT_EQ(source.error().code, ErrorCode::kPermissionDenied) << source.error().to_string();
    EXPECT_EQ(example_sample(confined).error().code, ErrorCode::kPermissionDenied);
    confined.roots = {folder().string()};
    EXPECT_TRUE(open_source(confined));
}

TEST_P(SourceCase, shows_an_example) {
    if (is_refused()) return;
    const auto sample = example_sample(spec());
    if (!sample) {
        EXPECT_TRUE(expected().contains("unreadable")) << sample.error().to_string();
        return;
    }
    ASSERT_EQ(sample->images.size(), 1U);
    if (!reads_no_files()) {
        EXPECT_THAT(sample->name, HasSubstr(folder().string()));
    }
}

TEST_P(SourceCase, prints_the_options_that_it_was_given) {
    const auto parsed = parse();
    if (!parsed) return;
    const auto printed = to_json(*parsed);
    const auto again = parse_dataset_spec(printed);
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ(to_json(*again), printed);
    for (const auto& place : parsed->source.places())
        EXPECT_TRUE(printed["source"].contains(place.member)) << place.member;
}

/// 64-bit FNV-1a of all keys and values of a database.
std::string hash_of(const fs::path& folder) {
    auto database = RecordDatabase::open(folder);
    EXPECT_TRUE(database) << database.error().to_string();
    auto cursor = (*database)->cursor();
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (RecordEntry entry; *(*cursor)->next(entry);)
        for (const auto text : {entry.key, entry.value})
            for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
    return fmt::format("{:016x}", hash);
}

/// The hashes of the sources that version 0.1.0 had are of its databases: datasets stay the same byte by byte.
TEST_P(SourceCase, builds_the_same_records_as_ever) {
    if (is_refused()) return;
    JobFolder job;
    const auto built = build_dataset(spec(), job);
    ASSERT_TRUE(built) << built.error().to_string();
    json hashes;
    for (const auto& [split, facts] : (*built)["splits"].items()) {
        hashes[split] = hash_of(job.job_dir() / facts["db"].get<std::string>());
        if (const auto& labels = facts["label_db"]; labels.is_string())
            hashes[split + "_labels"] = hash_of(job.job_dir() / labels.get<std::string>());
    }
    EXPECT_EQ(hashes, expected()["records"]) << hashes;
}

INSTANTIATE_TEST_SUITE_P(Cases, SourceCase, testing::ValuesIn(all_cases()), [](const auto& one) {
    auto name = one.param;
    std::ranges::replace(name, '-', '_');
    return name;
});

TEST(SourceKinds, have_a_case_each) {
    std::set<std::string> tried;
    for (const auto& name : all_cases())
        tried.insert(json::parse(text_of(kCases / name / "spec.json"))["source"].value("type", "folder"));
    for (const auto* kind : source_kinds().all())
        EXPECT_TRUE(tried.contains(std::string(kind->name))) << kind->name << " has no folder in " << kCases;
}

TEST(SourceKinds, take_the_members_of_all_that_specs_once_had) {
    const json old{{"type", "lists"},    {"path", ""},         {"val_path", ""},
                   {"test_path", ""},    {"percent_val", 25},  {"percent_test", 0},
                   {"min_per_class", 2}, {"max_per_class", 0}, {"val_min_per_class", nullptr},
                   {"train", "/a.txt"},  {"val", ""},          {"test", ""},
                   {"labels", "/l.txt"}, {"root", ""},         {"crops", ""}};
    const auto spec = parse_dataset_spec({{"source", old}});
    ASSERT_TRUE(spec) << spec.error().to_string();
    EXPECT_EQ(
        to_json(*spec)["source"],
        (json{{"type", "lists"}, {"train", "/a.txt"}, {"val", ""}, {"test", ""}, {"labels", "/l.txt"}, {"root", ""}}));
    const auto unknown = parse_dataset_spec({{"source", {{"type", "lists"}, {"trian", "/a.txt"}}}});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().where, "/source/trian");
}

TEST(SourceKinds, are_for_certain_tasks) {
    const json csv{{"type", "csv"}, {"csv", "/a.csv"}};
    const auto spec = parse_dataset_spec({{"source", csv}});
    ASSERT_TRUE(spec) << spec.error().to_string();
    EXPECT_EQ(spec->task, "regression");
    const auto wrong = parse_dataset_spec({{"type", "classification"}, {"source", csv}});
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().where, "/type");
    const auto unknown = parse_dataset_spec({{"source", {{"type", "floppy"}}}});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().where, "/source/type");
    EXPECT_THAT(unknown.error().message, HasSubstr("folder, lists"));
}

}  // namespace
}  // namespace digits
