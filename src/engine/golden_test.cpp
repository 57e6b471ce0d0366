#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/verify.hpp"

// Every case of tests/golden: what real Caffe computed, by area (docs/formats/golden-cases.md). Each runs with our
// kernels and with libtorch's alone, which is the code that other devices run.
namespace digits {
namespace {

namespace fs = std::filesystem;

struct GoldenCase {
    fs::path dir;
    std::string area;
    friend void PrintTo(const GoldenCase& self, std::ostream* out) { *out << self.dir.filename().string(); }
};

std::vector<GoldenCase> golden_cases() {
    std::vector<GoldenCase> cases;
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(DIGITS_BINARY_DIR) / "golden")) {
        if (entry.path().filename() != "case.json") continue;
        std::ifstream file(entry.path());
        cases.push_back({entry.path().parent_path(), nlohmann::json::parse(file).value("area", "none")});
    }
    std::sort(cases.begin(), cases.end(),
              [](const auto& a, const auto& b) { return std::tie(a.area, a.dir) < std::tie(b.area, b.dir); });
    return cases;
}

class Golden : public testing::TestWithParam<GoldenCase> {};

void check(const fs::path& dir, bool generic_kernels) {
    VerifyOptions options;
    options.generic_kernels = generic_kernels;
    const auto report = verify_case(dir, options);
    EXPECT_TRUE(report.passed()) << report.problem;
    EXPECT_GT(report.compared, 0);
}

TEST_P(Golden, OwnKernels) { check(GetParam().dir, false); }
TEST_P(Golden, GenericKernels) { check(GetParam().dir, true); }

INSTANTIATE_TEST_SUITE_P(Caffe, Golden, testing::ValuesIn(golden_cases()), [](const auto& test) {
    std::string name = test.param.area + "_" + test.param.dir.filename().string();
    for (char& c : name)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    return name;
});

TEST(GoldenSet, IsWhole) { EXPECT_EQ(golden_cases().size(), 252U); }

}  // namespace
}  // namespace digits
