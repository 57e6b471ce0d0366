#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/device/device.hpp"
#include "engine/verify/verify.hpp"

// Every case of tests/golden: what real Caffe computed, by area (docs/formats/golden-cases.md). Each runs with our
// kernels, with libtorch's alone, which is the code that other devices run, and on the GPU, if there is one.
// DIGITS_GOLDEN=FOLDER adds the cases under that folder.
namespace digits {
namespace {

namespace fs = std::filesystem;

struct GoldenCase {
    fs::path dir;
    std::string area;
    friend void PrintTo(const GoldenCase& self, std::ostream* out) { *out << self.dir.filename().string(); }
};

std::vector<GoldenCase> cases_in(const fs::path& folder) {
    std::vector<GoldenCase> cases;
    std::error_code none;
    for (const auto& entry : fs::recursive_directory_iterator(folder, none)) {
        if (entry.path().filename() != "case.json") continue;
        std::ifstream file(entry.path());
        cases.push_back({entry.path().parent_path(), nlohmann::json::parse(file).value("area", "none")});
    }
    std::sort(cases.begin(), cases.end(),
              [](const auto& a, const auto& b) { return std::tie(a.area, a.dir) < std::tie(b.area, b.dir); });
    return cases;
}

std::vector<GoldenCase> own_cases() { return cases_in(fs::path(DIGITS_BINARY_DIR) / "golden"); }

std::vector<GoldenCase> further_cases() {
    const char* folder = std::getenv("DIGITS_GOLDEN");
    return folder ? cases_in(folder) : std::vector<GoldenCase>{};
}

class Golden : public testing::TestWithParam<GoldenCase> {};

void check(const fs::path& dir, bool generic_kernels, const Device& device = {}) {
    VerifyOptions options;
    options.generic_kernels = generic_kernels;
    options.device = device;
    const auto report = verify_case(dir, options);
    EXPECT_TRUE(report.passed()) << report.problem;
    EXPECT_GT(report.compared, 0);
}

TEST_P(Golden, OwnKernels) { check(GetParam().dir, false); }
TEST_P(Golden, GenericKernels) { check(GetParam().dir, true); }

/// Without a GPU there are no tests of it.
std::vector<GoldenCase> gpu_cases() { return default_device().is_cuda ? own_cases() : std::vector<GoldenCase>{}; }

class GoldenOnGpu : public Golden {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenOnGpu);

TEST_P(GoldenOnGpu, Holds) { check(GetParam().dir, false, default_device()); }

std::string test_name(const testing::TestParamInfo<GoldenCase>& test) {
    std::string name = test.param.area + "_" + test.param.dir.filename().string();
    for (char& c : name)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    return name;
}

INSTANTIATE_TEST_SUITE_P(Caffe, Golden, testing::ValuesIn(own_cases()), test_name);
INSTANTIATE_TEST_SUITE_P(Caffe, GoldenOnGpu, testing::ValuesIn(gpu_cases()), test_name);
INSTANTIATE_TEST_SUITE_P(Further, Golden, testing::ValuesIn(further_cases()), test_name);

TEST(GoldenSet, IsWhole) { EXPECT_EQ(own_cases().size(), 252U); }

TEST(GoldenSet, NamesAFolderWithCases) {
    if (const char* folder = std::getenv("DIGITS_GOLDEN")) {
        EXPECT_FALSE(further_cases().empty()) << "no case.json under DIGITS_GOLDEN=" << folder;
    }
}

}  // namespace
}  // namespace digits
