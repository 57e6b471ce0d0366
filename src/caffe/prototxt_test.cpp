#include "caffe/prototxt.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>

#include "base/file.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using google::protobuf::util::MessageDifferencer;

struct Finding {
    const char* text;
    const char* where;
    const char* message;  ///< of the first finding; a part of it
};

TEST(Prototxt, TakesTextsOfOtherSystems) {
    const std::string windows =
        "\xef\xbb\xbf"
        "name: \"net\"\r\n# a comment\r\nlayer { name: \"a\" }\r\n";
    const auto net = parse_net_text(windows, "net.prototxt");
    ASSERT_TRUE(net) << net.error().to_string();
    EXPECT_EQ(net->layer(0).name(), "a");
    const auto wrong = parse_net_text(
        "\xef\xbb\xbf"
        "nam: 1\r\n",
        "net.prototxt");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().where, "net.prototxt:1:1") << "the mark is not a column";
    EXPECT_TRUE(
        parse_solver_text("\xef\xbb\xbf"
                          "base_lr: 0.1\r\nmax_iter: 5\r\n",
                          "solver.prototxt"));
    const TemporaryFolder folder;
    ASSERT_TRUE(write_file_atomic(folder.path() / "net.prototxt", std::string("\xff\xfen\0a\0", 6)));
    const auto foreign = read_net_file(folder.path() / "net.prototxt");
    ASSERT_FALSE(foreign);
    EXPECT_EQ(foreign.error().message, "the text is in UTF-16 (little endian); it must be in UTF-8");
}

class FindingTest : public testing::TestWithParam<Finding> {};

TEST_P(FindingTest, SaysWhereAndWhatWasExpected) {
    const auto net = parse_net_text(GetParam().text, "net.prototxt");
    ASSERT_FALSE(net);
    EXPECT_EQ(net.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(net.error().where, GetParam().where);
    EXPECT_THAT(net.error().message, testing::HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Prototxt, FindingTest,
    testing::Values(
        Finding{"layer {\n  convolution_param { kernel_siz: 3 }\n}", "net.prototxt:2:23",
                "unknown field \"kernel_siz\" in ConvolutionParameter; did you mean \"kernel_size\"?"},
        Finding{"zzzzzzzzz: 1", "net.prototxt:1:1", "unknown field \"zzzzzzzzz\" in NetParameter"},
        Finding{"layer {\n\tconvolution_param { num_output: \"20\" }\n}", "net.prototxt:2:34",
                "num_output must be a whole number from 0 to 4294967295, got \"20\""},
        Finding{"layer { convolution_param { num_output: -1 } }", "net.prototxt:1:42",
                "expected a whole number from 0 to 4294967295, got -1"},
        Finding{"layer { convolution_param { num_output: 4294967296 } }", "net.prototxt:1:41",
                "num_output must be a whole number from 0 to 4294967295"},
        Finding{"layer { convolution_param { num_output: 2.5 } }", "net.prototxt:1:41", "got 2.5"},
        Finding{"layer { pooling_param { pool: MEAN } }", "net.prototxt:1:31",
                "pool must be one of MAX, AVE, STOCHASTIC, got MEAN"},
        Finding{"layer { pooling_param { pool: 7 } }", "net.prototxt:1:31", "must be one of MAX, AVE, STOCHASTIC"},
        Finding{"force_backward: maybe", "net.prototxt:1:17", "force_backward must be true or false, got maybe"},
        Finding{"layer { loss_weight: big }", "net.prototxt:1:22", "loss_weight must be a number, got big"},
        Finding{"name: LeNet", "net.prototxt:1:7", "name must be a text in quotes, got LeNet"},
        Finding{"name \"LeNet\"", "net.prototxt:1:5", "expected \":\" after name, got \"LeNet\""},
        Finding{"name: \"a\"\nname: \"b\"", "net.prototxt:2:1", "name is given twice in this NetParameter"},
        Finding{"layer: 3", "net.prototxt:1:8", "expected \"{\" after layer (a LayerParameter), got 3"},
        Finding{"layer {\n  name: \"a\"\n", "net.prototxt:3:1",
                "expected \"}\" to close the layer opened at 1:7, got the end of the file"},
        Finding{"layer {\n  name: \"a\"\nlayer { name: \"b\" }\n", "net.prototxt:3:1",
                "it belongs to NetParameter: is a \"}\" missing before it?"},
        Finding{"layer { } }", "net.prototxt:1:11", "unexpected \"}\": no message is open here"},
        Finding{"layer < name: \"a\" }", "net.prototxt:1:19", "expected \">\" to close the layer"},
        Finding{"input_dim: [1, 2", "net.prototxt:1:17", "expected \"]\" to close the list of input_dim"},
        Finding{"name: [\"a\"]", "net.prototxt:1:7", "name takes one value, got a list"},
        Finding{"name: \"abc", "net.prototxt:1:11", "end of string"},
        Finding{"layer { relu_param { } 5 }", "net.prototxt:1:24",
                "expected the name of a field of LayerParameter, got 5"}));

TEST(Prototxt, TellsEveryFindingInOnePass) {
    std::vector<Diagnostic> findings;
    const auto net = parse_net_text(
        "layer {\n"
        "  nam: \"conv\"\n"
        "  convolution_param { num_output: many kernel_size: 5 }\n"
        "  pooling_param { pool: MEAN }\n"
        "}\n"
        "nme: 3\n",
        "net.prototxt", &findings);
    ASSERT_FALSE(net);
    EXPECT_THAT(net.error().message, testing::EndsWith("(and 3 more findings)"));
    ASSERT_EQ(findings.size(), 4U);
    std::vector<int> lines;
    for (const auto& finding : findings) lines.push_back(finding.line);
    EXPECT_THAT(lines, testing::ElementsAre(2, 3, 4, 6));
}

TEST(Prototxt, OneMistakeIsOneFinding) {
    for (const char* text :
         {"layer { convolution_param { num_output: -1 kernel_size: 3 } }", "layer { loss_weight: -big name: \"a\" }",
          "layer { unknown { a: 1 b { c: [2] } } name: \"a\" }", "layer { name \"a\" type: \"b\" }",
          "layer { name: \"a\" \"b\" type: 3 }", "layer { pooling_param: 3 name: \"a\" }"}) {
        std::vector<Diagnostic> findings;
        EXPECT_FALSE(parse_net_text(text, "text", &findings));
        EXPECT_EQ(findings.size(), 1U) << text;
    }
}

TEST(Prototxt, AcceptsTheWholeTextFormat) {
    const auto net = parse_net_text(
        "name: 'le' \"net\"  # a comment\n"
        "input_dim: [1, 0x10, 010];\n"
        "layer < name: \"a\", loss_weight: -1.5e-3f loss_weight: inf loss_weight: 2 propagate_down: t >\n"
        "layer: { pooling_param: { pool: 1 } transform_param { random_seed: -9223372036854775808 } }\n"
        "layer [ { name: \"b\" }, { name: \"\\303\\244\\n\" } ]\n",
        "net.prototxt");
    ASSERT_TRUE(net) << net.error().to_string();
    EXPECT_EQ(net->name(), "lenet");
    EXPECT_THAT(net->input_dim(), testing::ElementsAre(1, 16, 8));
    EXPECT_FLOAT_EQ(net->layer(0).loss_weight(0), -1.5e-3F);
    EXPECT_TRUE(std::isinf(net->layer(0).loss_weight(1)));
    EXPECT_EQ(net->layer(1).pooling_param().pool(), caffe::PoolingParameter::AVE);
    EXPECT_EQ(net->layer(1).transform_param().random_seed(), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(net->layer(3).name(), "\u00e4\n");
}

TEST(Prototxt, RefusesDeepNestingAndNeverOverflows) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += "layer { net_param { ";
    EXPECT_FALSE(parse_solver_text("net_param { " + text, "deep"));
    std::string unknown = "x { ";
    for (int i = 0; i < 100'000; ++i) unknown += "{ [ ";
    EXPECT_FALSE(parse_net_text(unknown, "deep"));
}

TEST(Prototxt, StopsAtFiftyFindings) {
    std::string text;
    for (int i = 0; i < 1000; ++i) text += "bad: 1\n";
    std::vector<Diagnostic> findings;
    EXPECT_FALSE(parse_net_text(text, "many", &findings));
    EXPECT_EQ(findings.size(), 50U);
}

TEST(Prototxt, RefusesOverlongText) {
    const std::string text((std::size_t{64} << 20) + 1, ' ');
    const auto net = parse_net_text(text, "long");
    ASSERT_FALSE(net);
    EXPECT_EQ(net.error().code, ErrorCode::kTooLarge);
}

TEST(Prototxt, CutTextNeverCrashesAndAgreesWithProtobuf) {
    auto text = read_file(fs::path(DIGITS_BINARY_DIR) / "golden/caffe-golden/upgrade_v1_loss/net.prototxt");
    ASSERT_TRUE(text);
    for (std::size_t size = 0; size < text->size(); ++size) {
        const std::string part = text->substr(0, size);
        caffe::NetParameter expected;
        google::protobuf::TextFormat::Parser quiet;
        struct Silent : google::protobuf::io::ErrorCollector {
            void AddError(int, int, const std::string&) override {}
        } silent;
        quiet.RecordErrorsTo(&silent);
        const bool good = quiet.ParseFromString(part, &expected);
        const auto net = parse_net_text(part, "part");
        ASSERT_EQ(good, net.has_value()) << part;
        EXPECT_TRUE(!net || MessageDifferencer::Equals(expected, *net));
    }
}

TEST(Prototxt, ReadsRealFilesAsProtobufDoes) {
    int files = 0;
    for (const auto& root : {fs::path(DIGITS_BINARY_DIR) / "golden", fs::path(DIGITS_SOURCE_DIR) / "networks"}) {
        for (const auto& entry : fs::recursive_directory_iterator(root)) {
            if (entry.path().extension() != ".prototxt") continue;
            const auto text = read_file(entry.path());
            ASSERT_TRUE(text);
            if (entry.path().filename() == "solver.prototxt") {
                caffe::SolverParameter expected;
                ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(*text, &expected)) << entry.path();
                const auto solver = parse_solver_text(*text, entry.path().string());
                ASSERT_TRUE(solver) << solver.error().to_string();
                EXPECT_TRUE(MessageDifferencer::Equals(expected, *solver)) << entry.path();
            } else {
                caffe::NetParameter expected;
                ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(*text, &expected)) << entry.path();
                const auto net = parse_net_text(*text, entry.path().string());
                ASSERT_TRUE(net) << net.error().to_string();
                EXPECT_TRUE(MessageDifferencer::Equals(expected, *net)) << entry.path();
            }
            ++files;
        }
    }
    EXPECT_GE(files, 200);
}

}  // namespace
}  // namespace digits
