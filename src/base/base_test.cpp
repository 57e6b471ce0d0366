#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/base64.hpp"
#include "base/file.hpp"
#include "base/grant.hpp"
#include "base/ids.hpp"
#include "base/json_binding.hpp"
#include "base/named_file.hpp"
#include "base/progress.hpp"
#include "base/safe_path.hpp"

namespace digits {

enum class Fit { kSquash, kCrop };
template <>
struct EnumNames<Fit> {
    static constexpr std::array<std::pair<Fit, std::string_view>, 2> kNames{
        {{Fit::kSquash, "squash"}, {Fit::kCrop, "crop"}}};
};

struct Named {
    virtual ~Named() = default;
    std::string name;
};
struct Sized {
    int width = 28;
};
struct Inner : Named, Sized {
    Fit fit = Fit::kSquash;
};
struct Start {
    std::string path;
    std::string part;
};
struct Outer {
    std::string name;
    Inner image;
    std::vector<double> rates;
    std::optional<int> crop;
    bool auto_crop = false;
    int channels = 3;
    std::vector<Start> starts;
    std::map<std::string, std::uint64_t> seeds;
    std::string secret;
};
template <>
struct JsonBinding<Inner> {
    static constexpr const char* kSchema = "TestImage";
    static Fields fields() {
        return {json_field<Inner>("width", &Inner::width)
                    .label("Image width")
                    .help("In pixels")
                    .unit("px")
                    .cli("w")
                    .digits("resize_width")
                    .range(1, 100),
                json_field("fit", &Inner::fit)};
    }
};
template <>
struct JsonBinding<Start> {
    static constexpr const char* kShorthand = "path";
    static constexpr bool kOmitsEmpty = true;
    static Fields fields() { return {json_field("path", &Start::path), json_field("part", &Start::part)}; }
};
template <>
struct JsonBinding<Outer> {
    static constexpr const char* kRetired[] = {"gone"};
    static Fields fields() {
        return {json_field("name", &Outer::name).required(),
                json_field("image", &Outer::image),
                json_field("rates", &Outer::rates).above(0),
                json_field("crop", &Outer::crop).range(1, 10).or_word("auto", &Outer::auto_crop),
                json_field("channels", &Outer::channels).one_of({1, 3}),
                json_field("starts", &Outer::starts),
                json_field("seeds", &Outer::seeds),
                json_field("secret", &Outer::secret).internal()};
    }
};

namespace {

using nlohmann::json;

TEST(JsonBinding, ParsesPrintsAndFillsDefaults) {
    const auto outer = parse_json<Outer>(json::parse(R"({"name":"a","image":{"fit":"crop"},"rates":[1,0.5]})"));
    ASSERT_TRUE(outer) << outer.error().to_string();
    EXPECT_EQ(outer->image.width, 28);
    EXPECT_EQ(outer->image.fit, Fit::kCrop);
    EXPECT_EQ(to_json(*outer),
              json::parse(R"({"name":"a","image":{"width":28,"fit":"crop"},"rates":[1.0,0.5],"crop":null,
                              "channels":3,"starts":[],"seeds":{},"secret":""})"));
}

TEST(JsonBinding, ErrorsSayWhereAndWhat) {
    struct Case {
        const char* text;
        const char* where;
        const char* message;
    };
    const Case cases[] = {
        {R"({})", "/name", "Name is required"},
        {R"({"name":""})", "/name", "Name is required"},
        {R"({"name":1})", "/name", "Name must be a text, got 1"},
        {R"({"name":"a","image":{"width":0}})", "/image/width", "Image width must be 1 to 100, got 0"},
        {R"({"name":"a","image":{"width":1e300}})", "/image/width", "Image width must be a whole number, got 1e+300"},
        {R"({"name":"a","image":{"width":3000000000}})", "/image/width",
         "Image width must be a whole number from -2147483648 to 2147483647, got 3000000000"},
        {R"({"name":"a","image":{"fit":"zoom"}})", "/image/fit", "Fit must be one of squash, crop, got \"zoom\""},
        {R"({"name":"a","rates":[1,"x"]})", "/rates/1", "Item 2 of Rates must be a number, got \"x\""},
        {R"({"name":"a","rates":[1,0]})", "/rates/1", "Item 2 of Rates must be greater than 0, got 0"},
        {R"({"name":"a","crop":11})", "/crop", "Crop must be 1 to 10, got 11"},
        {R"({"name":"a","crop":"all"})", "/crop", "Crop must be a whole number, got \"all\""},
        {R"({"name":"a","channels":2})", "/channels", "Channels must be one of 1, 3, got 2"},
        {R"({"name":"a","starts":[{"path":1}]})", "/starts/0/path", "Path must be a text, got 1"},
        {R"({"name":"a","starts":[1]})", "/starts/0", "Item 1 of Starts must be a path or an object, got 1"},
        {R"({"name":"a","seeds":{"x":-1}})", "/seeds/x",
         "\"x\" of Seeds must be a whole number from 0 to 9223372036854775807, got -1"},
        {R"({"name":"a","nmae":1})", "/nmae",
         "Unknown field \"nmae\"; the known fields are name, image, rates, crop, channels, starts, seeds"},
        {R"([])", "/", "Expected an object, got []"},
    };
    for (const auto& c : cases) {
        const auto outer = parse_json<Outer>(json::parse(c.text));
        ASSERT_FALSE(outer) << c.text;
        EXPECT_EQ(outer.error().where, c.where);
        EXPECT_EQ(outer.error().message, c.message);
    }
}

TEST(JsonBinding, ReadsAndPrintsShorterForms) {
    const auto outer = parse_json<Outer>(json::parse(
        R"({"name":"a","crop":"auto","starts":["/a.txt",{"path":"/b.txt","part":"x"}],"seeds":{"one":1},"gone":3})"));
    ASSERT_TRUE(outer) << outer.error().message;
    EXPECT_TRUE(outer->auto_crop);
    EXPECT_FALSE(outer->crop);
    const auto printed = to_json(*outer);
    EXPECT_EQ(printed["crop"], "auto");
    EXPECT_EQ(printed["starts"], json::parse(R"(["/a.txt",{"path":"/b.txt","part":"x"}])"));
    EXPECT_EQ(printed["seeds"], json::parse(R"({"one":1})"));
    EXPECT_FALSE(printed.contains("gone"));
}

TEST(JsonBinding, SchemaHasDefaultsAndLimits) {
    const auto schema = json_schema(field_list<Outer>());
    EXPECT_EQ(schema["required"], json::parse(R"(["name"])"));
    EXPECT_EQ(schema["additionalProperties"], false);
    const auto& properties = schema["properties"];
    EXPECT_EQ(properties["image"]["properties"]["fit"]["default"], "squash");
    EXPECT_EQ(properties["image"]["properties"]["width"],
              json::parse(R"({"type":"integer","minimum":1,"maximum":100,"default":28,"description":"In pixels"})"));
    EXPECT_EQ(properties["rates"]["items"], json::parse(R"({"type":"number","exclusiveMinimum":0})"));
    EXPECT_EQ(properties["crop"]["anyOf"],
              json::parse(R"([{"type":["integer","null"],"minimum":1,"maximum":10},{"const":"auto"}])"));
    EXPECT_EQ(properties["channels"]["enum"], json::parse("[1,3]"));
    EXPECT_EQ(properties["seeds"]["additionalProperties"], json::parse(R"({"type":"integer"})"));
    EXPECT_FALSE(properties.contains("secret"));
    EXPECT_FALSE(properties.contains("gone"));
}

TEST(JsonBinding, SchemasWithANameAreReferredTo) {
    auto components = json::object();
    const auto schema = json_schema(field_list<Outer>(), &components);
    EXPECT_EQ(schema["properties"]["image"], json::parse(R"({"$ref":"#/components/schemas/TestImage"})"));
    EXPECT_EQ(components["TestImage"]["properties"]["fit"]["enum"], json::parse(R"(["squash","crop"])"));
    EXPECT_EQ(components.size(), 1u);
}

TEST(FieldList, TellsWhatFormsAndTheCommandLineNeed) {
    std::vector<std::string> paths;
    for_each_field(field_list<Outer>(), [&](const FieldFacts&, const std::string& path) { paths.push_back(path); });
    EXPECT_EQ(paths, (std::vector<std::string>{"/name", "/image/width", "/image/fit", "/rates", "/crop", "/channels",
                                               "/starts", "/seeds"}));
    const auto* width = field_list<Inner>().find("width");
    ASSERT_TRUE(width);
    EXPECT_EQ(width->label, "Image width");
    EXPECT_EQ(width->key, "field.width");
    EXPECT_EQ(width->cli, "w");
    EXPECT_EQ(width->digits, "resize_width");
    EXPECT_EQ(width->unit, "px");
    EXPECT_EQ(width->fallback, 28);
    EXPECT_FALSE(field_list<Inner>().find("height"));
}

TEST(FieldFacts, ReadWhatSomebodyTyped) {
    const auto& outer = field_list<Outer>();
    const auto value = [&](const char* name, const char* text) {
        const auto found = parse_field_text(*outer.find(name), text);
        return found ? found->dump() : found.error().message;
    };
    EXPECT_EQ(value("name", "7"), "\"7\"");
    EXPECT_EQ(value("crop", "7"), "7");
    EXPECT_EQ(value("crop", "auto"), "\"auto\"");
    EXPECT_EQ(value("crop", "11"), "Crop must be 1 to 10, got 11");
    EXPECT_EQ(value("crop", "1.5"), "Crop must be a whole number, got \"1.5\"");
    EXPECT_EQ(value("crop", ""), "Crop must be a whole number, got \"\"");
    EXPECT_EQ(value("rates", " 1, 0.5 ,2"), "[1,0.5,2]");
    EXPECT_EQ(value("rates", ""), "[]");
    EXPECT_EQ(value("rates", "1,,0"), "Item 2 of Rates must be greater than 0, got 0");
    EXPECT_EQ(value("rates", "1,a"), "Item 2 of Rates must be a number, got \"a\"");
    const auto fit = *field_list<Inner>().find("fit");
    EXPECT_EQ(parse_field_text(fit, "crop").value(), "crop");
    EXPECT_EQ(parse_field_text(fit, "zoom").error().message, "Fit must be one of squash, crop, got \"zoom\"");
}

TEST(AtomicFile, AppearsOnCommitOnly) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "a.txt";
    {
        auto file = AtomicFile::create(path);
        ASSERT_TRUE(file);
        ASSERT_TRUE(file->write("lost"));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
    ASSERT_TRUE(write_file_atomic(path, "kept"));
    EXPECT_EQ(read_file(path).value(), "kept");
    EXPECT_EQ(read_file(path, 3).error().code, ErrorCode::kTooLarge);
    for (const std::size_t size : {0, 1, 1023, 1024, 1025, 70'000}) {
        const std::string bytes(size, 'x');
        ASSERT_TRUE(write_file_atomic(path, bytes));
        EXPECT_EQ(read_file(path).value(), bytes);
    }
    EXPECT_THAT(read_file("/proc/self/status").value(), testing::EndsWith("\n"));  // tells no size
    EXPECT_EQ(read_file(folder.path()).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(read_file(folder.path() / "none").error().code, ErrorCode::kNotFound);
}

TEST(SafePath, KeepsInside) {
    const TemporaryFolder folder;
    std::filesystem::create_directories(folder.path() / "root/sub");
    std::filesystem::create_directory_symlink("/", folder.path() / "root/out");
    const auto root = folder.path() / "root";
    EXPECT_TRUE(resolve_inside(root, "sub/../sub/file"));
    EXPECT_EQ(resolve_inside(root, "../x").error().code, ErrorCode::kPermissionDenied);
    EXPECT_EQ(resolve_inside(root, "/etc/passwd").error().code, ErrorCode::kPermissionDenied);
    EXPECT_EQ(resolve_inside(root, "out/etc/passwd").error().code, ErrorCode::kPermissionDenied);
    EXPECT_FALSE(resolve_allowed({root}, folder.path() / "rootless"));
}

TEST(AllowedRoots, FollowsLinksOfFoldersAndFiles) {
    const TemporaryFolder folder;
    const auto root = folder.path() / "root";
    std::filesystem::create_directories(root / "in");
    std::filesystem::create_directories(folder.path() / "outside");
    std::ofstream(folder.path() / "outside/x") << "secret";
    std::filesystem::create_symlink(folder.path() / "outside", root / "out");
    std::filesystem::create_symlink(folder.path() / "outside/x", root / "in/link");
    std::filesystem::create_symlink(root / "in/y", root / "in/same");
    AllowedRoots allowed({root.string()});
    for (const auto* path : {"in/a", "in/b", "a", "in/same", "in/../a", "in/.."})
        EXPECT_TRUE(allowed.check(root / path)) << path;
    for (const auto* path : {"in/link", "out/x", "../outside/x", "in/../../outside/x", ".."})
        EXPECT_EQ(allowed.check(root / path).error().code, ErrorCode::kPermissionDenied) << path;
    EXPECT_TRUE(AllowedRoots({}).check("/etc/passwd"));
}

TEST(Ids, HaveDigitsShape) {
    EXPECT_TRUE(is_job_id(new_job_id()));
    EXPECT_FALSE(is_job_id("20190125-101047-3FA9"));
    EXPECT_FALSE(is_job_id("../../etc/passwd/xxx"));
}

TEST(Grant, IsReadAsItWasWritten) {
    Grant grant;
    grant.dataset_dir = "/jobs/1";
    grant.weights = "a.caffemodel";
    grant.roots = {"/data", "/more"};
    grant.allow_python_layers = true;
    grant.placement = {"node7", {"0", "1"}, 2};
    grant.limits = {20, 512};
    const auto again = parse_grant(to_json(grant));
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ(*again, grant);
    EXPECT_EQ(*parse_grant(nlohmann::json::object()), Grant());
}

TEST(Grant, ErrorsSayWhere) {
    EXPECT_EQ(parse_grant({{"placement", {{"ranks", 0}}}}).error().where, "/placement/ranks");
    EXPECT_EQ(parse_grant({{"secret", 1}}).error().where, "/secret");
}

TEST(Grant, IsTakenOutOfSpecsThatHoldIt) {
    nlohmann::json spec{
        {"roots", {"/data"}}, {"dataset_dir", "/d"}, {"model_dir", "/m"}, {"weights", "a"}, {"seed", 1}};
    const auto grant = take_old_grant(spec);
    EXPECT_EQ(spec, (nlohmann::json{{"seed", 1}}));
    EXPECT_EQ(grant.roots, std::vector<std::string>{"/data"});
    EXPECT_EQ(std::tuple(grant.dataset_dir, grant.model_dir, grant.weights), std::tuple("/d", "/m", "a"));
    // A model's own weights are a list, and the user's.
    nlohmann::json model{{"weights", {"a.caffemodel"}}};
    EXPECT_EQ(take_old_grant(model), Grant());
    EXPECT_TRUE(model.contains("weights"));
}

class Recorder final : public TaskContext {
  public:
    const std::filesystem::path& job_dir() const override { return dir; }
    void emit(const json& event) override { events.push_back(event); }
    bool abort_requested() const override { return false; }
    bool take_snapshot_request() override { return false; }
    std::filesystem::path dir;
    std::vector<json> events;
};

TEST(ProgressMeter, TellsFirstAndLastAndNotMoreOftenThanAsked) {
    Recorder recorder;
    {
        ProgressMeter meter(recorder, "create train_db", "images", 1000, std::chrono::hours(1));
        for (int i = 0; i < 1000; ++i) meter.add();
    }
    ASSERT_EQ(recorder.events.size(), 2u);
    EXPECT_EQ(recorder.events[0]["done"], 0);
    EXPECT_EQ(recorder.events[1]["done"], 1000);
    EXPECT_EQ(recorder.events[1]["eta_s"], 0.0);
    EXPECT_EQ(recorder.events[1]["step"], "create train_db");
}

TEST(Errors, MapToExitCodesAndStatus) {
    EXPECT_EQ(http_status(ErrorCode::kNotFound), 404);
    EXPECT_EQ(exit_code(ErrorCode::kCancelled), 130);
    EXPECT_EQ((Error{ErrorCode::kInternal, "what", "where", "do"}.to_string()), "where: what. do");
    EXPECT_EQ((Error{ErrorCode::kInternal, "It ended.\nIts log:\nlast line", "", "Resume it"}.to_string()),
              "It ended. Resume it\nIts log:\nlast line")
        << "the advice belongs to the sentence, not to the log";
    EXPECT_EQ((Error{ErrorCode::kInternal, "A sentence.", "", "Do"}.to_string()), "A sentence. Do");
}

/// The examples of RFC 4648.
TEST(Base64, encodes) {
    EXPECT_EQ(encode_base64(""), "");
    EXPECT_EQ(encode_base64("f"), "Zg==");
    EXPECT_EQ(encode_base64("fo"), "Zm8=");
    EXPECT_EQ(encode_base64("foo"), "Zm9v");
    EXPECT_EQ(encode_base64("foobar"), "Zm9vYmFy");
    EXPECT_EQ(encode_base64("\xff\xfe\x80"), "//6A");
}

TEST(File, a_pipe_is_not_waited_for) {
    const TemporaryFolder folder;
    const auto pipe = folder.path() / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const auto read = read_file(pipe);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::kInvalidArgument);
    EXPECT_FALSE(read_file("/dev/zero", 100));
}

TEST(ReadableRoots, are_asked_of_what_is_open) {
    const TemporaryFolder inside, outside;
    ASSERT_TRUE(write_file_atomic(inside.path() / "a", "in"));
    ASSERT_TRUE(write_file_atomic(outside.path() / "b", "out"));
    std::filesystem::create_symlink(outside.path() / "b", inside.path() / "to_b");
    std::filesystem::create_directory_symlink(inside.path(), outside.path() / "to_inside");
    // A root may be a link itself.
    const ReadableRoots roots({(outside.path() / "to_inside").string()});
    EXPECT_EQ(*read_named_file((inside.path() / "a").string(), 100, roots), "in");
    for (const auto& path : {inside.path() / "to_b", outside.path() / "b"}) {
        const auto read = read_named_file(path.string(), 100, roots);
        ASSERT_FALSE(read) << path;
        EXPECT_EQ(read.error().code, ErrorCode::kPermissionDenied);
    }
    EXPECT_TRUE(read_named_file((outside.path() / "b").string(), 100, ReadableRoots()));
}

TEST(Base64, DecodesWhatItEncodes) {
    std::string bytes;
    for (int i = 0; i < 600; ++i) {
        EXPECT_EQ(decode_base64(encode_base64(bytes)).value(), bytes);
        bytes += static_cast<char>(i * 7);
    }
    for (const auto* wrong : {"Zg=", "Zg", "Z===", "=Zg=", "Zm9v!A==", "Zg==Zg==", "Zm\n9v"})
        EXPECT_EQ(decode_base64(wrong).error().code, ErrorCode::kDataLoss) << wrong;
}

}  // namespace
}  // namespace digits
