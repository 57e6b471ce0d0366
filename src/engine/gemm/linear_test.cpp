#include "engine/gemm/linear.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>

#include "engine/net/blob.hpp"
#include "kernels/isa/instruction_set.hpp"

// The GEMM kernels behind linear_forward() and its gradients against libtorch in double precision.
namespace digits {
namespace {

struct Case {
    const char* name;
    std::int64_t rows, inputs, outputs;
    friend void PrintTo(const Case& self, std::ostream* out) { *out << self.name; }
};

/// With AVX2, or with the widest vectors that this processor has.
class RowProducts : public testing::TestWithParam<std::tuple<Case, bool>> {
  public:
    RowProducts() {
        limit_instruction_set(std::get<1>(GetParam()) ? InstructionSet::kAmx : InstructionSet::kAvx2);
        prefer_gemm_kernels(true);
    }
    ~RowProducts() override {
        prefer_gemm_kernels(false);
        limit_instruction_set(InstructionSet::kAmx);
    }

    static void expect_close(const at::Tensor& found, const at::Tensor& expected, double terms) {
        ASSERT_EQ(found.sizes(), expected.sizes());
        // The error of a sum of normally distributed terms.
        EXPECT_LT((found.to(at::kDouble) - expected).abs().max().item<double>(), 4e-7 * terms + 1e-5);
    }
};

TEST_P(RowProducts, AreThoseOfLibtorch) {
    if (!has_avx2()) GTEST_SKIP() << "this processor lacks AVX2";
    const Case& one = std::get<0>(GetParam());
    at::manual_seed(5);
    const at::Tensor x = at::randn({one.rows, one.inputs}), weight = at::randn({one.outputs, one.inputs}),
                     bias = at::randn({one.outputs}), dy = at::randn({one.rows, one.outputs});
    const auto exact = [](const at::Tensor& tensor) { return tensor.to(at::kDouble); };
    const at::Tensor product = at::mm(exact(x), exact(weight).t());
    const auto inputs = static_cast<double>(one.inputs), outputs = static_cast<double>(one.outputs),
               rows = static_cast<double>(one.rows);
    expect_close(linear_forward(x, weight, std::nullopt, false), product, inputs);
    expect_close(linear_forward(x, weight, bias, false), product + exact(bias), inputs);
    expect_close(linear_forward(x, weight, bias, true), (product + exact(bias)).clamp_min(0), inputs);
    expect_close(linear_input_gradient(dy, weight), at::mm(exact(dy), exact(weight)), outputs);
    expect_close(linear_weight_gradient(dy, x), at::mm(exact(dy).t(), exact(x)), rows);
}

TEST_P(RowProducts, PassNanOn) {
    if (!has_avx2()) GTEST_SKIP() << "this processor lacks AVX2";
    const Case& one = std::get<0>(GetParam());
    const at::Tensor x = at::ones({one.rows, one.inputs}), weight = at::ones({one.outputs, one.inputs});
    x[one.rows - 1].fill_(std::numeric_limits<float>::quiet_NaN());
    const at::Tensor y = linear_forward(x, weight, std::nullopt, true);
    EXPECT_TRUE(y[one.rows - 1].isnan().all().item<bool>());
    EXPECT_EQ(y.isnan().sum().item<std::int64_t>(), one.outputs);
}

/// Every combination of sizes around those of vectors and panels.
class RowProductSizes : public testing::TestWithParam<bool> {};

TEST_P(RowProductSizes, AreThoseOfLibtorch) {
    limit_instruction_set(GetParam() ? InstructionSet::kAmx : InstructionSet::kAvx2);
    prefer_gemm_kernels(true);
    if (!has_avx2()) GTEST_SKIP() << "this processor lacks AVX2";
    at::manual_seed(6);
    const auto expect_close = [](const at::Tensor& found, const at::Tensor& expected) {
        EXPECT_TRUE(at::allclose(found, expected, 1e-4, 1e-4));
    };
    const Shape sizes{1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 130};
    for (const auto rows : sizes)
        for (const auto inputs : sizes)
            for (const auto outputs : sizes) {
                SCOPED_TRACE(fmt::format("{} x {} x {}", rows, inputs, outputs));
                const at::Tensor x = at::randn({rows, inputs}), weight = at::randn({outputs, inputs}),
                                 bias = at::randn({outputs}), dy = at::randn({rows, outputs});
                expect_close(linear_forward(x, weight, bias, false), at::addmm(bias, x, weight.t()));
                expect_close(linear_input_gradient(dy, weight), at::mm(dy, weight));
                expect_close(linear_weight_gradient(dy, x), at::mm(dy.t(), x));
            }
    prefer_gemm_kernels(false);
    limit_instruction_set(InstructionSet::kAmx);
}
INSTANTIATE_TEST_SUITE_P(Engine, RowProductSizes, testing::Bool(),
                         [](const auto& test) { return test.param ? "Wide" : "Narrow"; });

INSTANTIATE_TEST_SUITE_P(
    Engine, RowProducts,
    testing::Combine(testing::Values(Case{"OneRow", 1, 37, 21}, Case{"FewRowsOfALayer", 64, 800, 500},
                                     Case{"FewRowsOfManyInputs", 32, 1025, 131}, Case{"FewRowsOfOneVector", 9, 16, 16},
                                     Case{"FewRowsOfHalfAVector", 70, 8, 8}, Case{"OneOutput", 300, 48, 1},
                                     Case{"OneInput", 300, 1, 48}, Case{"ManyRowsOfWholePanels", 1200, 64, 96},
                                     Case{"ManyRowsOfParts", 1111, 77, 50}, Case{"DeepRows", 200, 600, 33},
                                     Case{"ManyWeights", 900, 512, 300}),
                     testing::Bool()),
    [](const auto& test) {
        return std::string(std::get<0>(test.param).name) + (std::get<1>(test.param) ? "Wide" : "Narrow");
    });

}  // namespace
}  // namespace digits
