#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/isa/bf16.hpp"
#include "kernels/isa/instruction_set.hpp"
#include "kernels/threads.hpp"

// The conformance suite: every kernel, with every instruction set that this processor has, for shapes around the sizes
// of vectors, register blocks and panels, against plain loops in double precision. kernels_asan_test runs it with ASan
// and UBSan.
namespace digits {

/// A test of one instruction set: kernels use nothing above it.
class Kernels : public testing::TestWithParam<InstructionSet> {
  protected:
    void SetUp() override {
        if (!has_instruction_set(GetParam()))
            GTEST_SKIP() << "this processor lacks " << instruction_set_name(GetParam());
        limit_instruction_set(GetParam());
    }
    void TearDown() override { limit_instruction_set(InstructionSet::kAmx); }
};

inline std::string set_test_name(const testing::TestParamInfo<InstructionSet>& info) {
    std::string name;
    for (const char c : instruction_set_name(info.param))
        if (std::isalnum(static_cast<unsigned char>(c))) name += c;
    return name;
}

/// Kernels that have code for every set, and those that need AVX2.
#define DIGITS_CONFORMANCE_ALL(suite) \
    INSTANTIATE_TEST_SUITE_P(Conformance, suite, testing::ValuesIn(kInstructionSets), set_test_name)
#define DIGITS_CONFORMANCE_AVX2(suite)                                                           \
    INSTANTIATE_TEST_SUITE_P(Conformance, suite,                                                 \
                             testing::Values(InstructionSet::kAvx2, InstructionSet::kAvx512,     \
                                             InstructionSet::kAvx512Bf16, InstructionSet::kAmx), \
                             set_test_name)

/// Values on the heap without spare room, so that ASan sees one element beyond either end. NaN at first: what a kernel
/// does not write, or reads before it has written it, fails the comparison.
template <class T>
class Buffer {
  public:
    explicit Buffer(std::int64_t size)
        : size_(static_cast<std::size_t>(size)), values_(std::make_unique_for_overwrite<T[]>(size_)) {
        for (std::size_t i = 0; i < size_; ++i) {
            if constexpr (std::is_integral_v<T>) {
                values_[i] = std::numeric_limits<T>::min();
            } else if constexpr (std::is_same_v<T, Bf16>) {
                values_[i].bits = 0x7FC0;
            } else {
                values_[i] = std::numeric_limits<T>::quiet_NaN();
            }
        }
    }
    T* data() { return values_.get(); }
    const T* data() const { return values_.get(); }
    T& operator[](std::int64_t i) { return values_[static_cast<std::size_t>(i)]; }
    const T& operator[](std::int64_t i) const { return values_[static_cast<std::size_t>(i)]; }
    std::int64_t size() const { return static_cast<std::int64_t>(size_); }
    double value(std::int64_t i) const {
        if constexpr (std::is_same_v<T, Bf16>) {
            return static_cast<double>(load((*this)[i]));
        } else {
            return static_cast<double>((*this)[i]);
        }
    }

  private:
    std::size_t size_;
    std::unique_ptr<T[]> values_;
};

/// Values between -1 and 1, the same ones in each run; of type Bf16 they are rounded.
template <class T>
Buffer<T> random_values(std::int64_t size, unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<float> between(-1, 1);
    Buffer<T> values(size);
    for (std::int64_t i = 0; i < size; ++i) store(values[i], between(generator));
    return values;
}

/// Results in double precision; `magnitude` is the sum of the terms' absolute values, which bounds rounding errors.
struct Expected {
    explicit Expected(std::int64_t size) : value(static_cast<std::size_t>(size)), magnitude(value) {}
    void add(std::int64_t i, double term) {
        value[static_cast<std::size_t>(i)] += term;
        magnitude[static_cast<std::size_t>(i)] += std::abs(term);
    }
    void relu() {
        for (double& one : value) one = one < 0 ? 0 : one;
    }
    std::vector<double> value, magnitude;
};

/// Rounding to bf16 has a relative error of 2^-8 at most.
template <class T>
inline constexpr double kResultRounding = std::is_same_v<T, Bf16> ? 1.0 / 256 : 0;

/// Every result differs from the expected one by at most `tolerance` times the magnitude, and T's rounding. With
/// `whole` the largest magnitude counts, for kernels whose errors are not local.
template <class T>
void expect_close(const Buffer<T>& got, const Expected& expected, double tolerance, bool whole = false) {
    ASSERT_EQ(got.size(), static_cast<std::int64_t>(expected.value.size()));
    const double largest = expected.magnitude.empty() ? 0 : std::ranges::max(expected.magnitude);
    for (std::int64_t i = 0; i < got.size(); ++i) {
        const auto at = static_cast<std::size_t>(i);
        const double want = expected.value[at];
        const double bound =
            tolerance * (whole ? largest : expected.magnitude[at]) + std::abs(want) * kResultRounding<T> + 1e-30;
        // Also fails for NaN.
        ASSERT_TRUE(std::abs(got.value(i) - want) <= bound) << "element " << i << " of " << got.size() << " is "
                                                            << got.value(i) << ", expected " << want << " ± " << bound;
    }
}

/// Runs the parts of a kernel one after another, the last one first: what one part writes beyond its own results, later
/// parts do not repair.
class ReversedLoop final : public Threads {
  public:
    explicit ReversedLoop(std::int64_t count) : count_(count) {}
    std::int64_t count() const override { return count_; }
    void parallel_for(std::int64_t size, std::int64_t grain,
                      const std::function<void(std::int64_t, std::int64_t)>& body) const override {
        const std::int64_t chunk = std::max({grain, (size + count_ - 1) / count_, std::int64_t{1}});
        for (std::int64_t i = (size + chunk - 1) / chunk; i-- > 0;) body(i * chunk, std::min(size, (i + 1) * chunk));
    }

  private:
    std::int64_t count_;
};

}  // namespace digits
