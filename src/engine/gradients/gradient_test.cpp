#include <ATen/ATen.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "engine/device/device.hpp"
#include "engine/device/python_testing.hpp"
#include "engine/gradients/gradient_cases.hpp"
#include "engine/net/layer.hpp"
#include "engine/net/place.hpp"

// The gradient of every layer type against central differences, in double precision and with ATen's operations; then
// the gradients in float with our own kernels against those. The cases: gradient_cases_test.cpp.
namespace digits {
namespace {

constexpr double kStep = 1e-5;
/// A point counts as a kink if the slopes on its two sides differ by more than this.
constexpr double kKink = 1e-2;

/// A layer with its blobs, and the objective Σ <top, g> with fixed random g.
class CheckedLayer {
  public:
    CheckedLayer(const GradientCase& gradient_case, at::ScalarType type, bool generic_kernels,
                 const Device& device = {})
        : case_(gradient_case), device_(device) {
        const LayerType& layer_type = *find_layer_type(case_.type);
        caffe::LayerParameter parameter;
        EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(std::string(case_.settings), &parameter));
        parameter.set_name("checked");
        parameter.set_type(std::string(case_.type));
        use_python_layers();
        auto generator = at::globalContext().defaultGenerator(at::kCPU).clone();
        generator.set_current_seed(7);
        for (const GradientInput& input : case_.bottoms) {
            parameter.add_bottom("bottom" + std::to_string(owned_.size()));
            Blob& blob = add_blob(input.shape);
            blob.set_data(values(input, generator).to(place(device), type));
            bottom_.push_back(&blob);
            start_.push_back(blob.data().clone());
        }
        for (int i = 0; i < case_.how.tops; ++i) {
            const bool in_place = case_.how.in_place && i == 0;
            parameter.add_top(in_place ? parameter.bottom(0) : "top" + std::to_string(i));
            top_.push_back(in_place ? bottom_[0] : &add_blob({}));
        }
        LayerContext context;
        context.phase = case_.how.phase;
        context.device = device;
        context.generic_kernels = generic_kernels;
        context.base_dir = DIGITS_SOURCE_DIR "/docs/examples";  // of Python layers
        layer_ = layer_type.create(parameter, context);
        layer_->set_up(bottom_, top_);
        for (int i = 0; i < std::ssize(layer_->blobs()); ++i)
            layer_->param_propagate_down.push_back(i >= case_.how.constant_parameters);
        layer_->loss_weights.assign(top_.size(), 0.0F);
        for (const auto& blob : layer_->blobs()) {
            at::Tensor value = at::randn(blob->shape(), generator, at::kDouble);
            if (case_.how.positive_parameters) value = value.abs() + 0.5;
            blob->set_data(value.to(place(device), type));
        }
        forward();
        for (std::size_t i = 0; i < top_.size(); ++i) {
            const bool seen = static_cast<int>(i) < case_.how.seen_tops;
            weights_.push_back((seen ? at::randn(top_[i]->shape(), generator, at::kDouble) + 0.25
                                     : at::zeros(top_[i]->shape(), at::kDouble))
                                   .to(place(device), type));
        }
    }

    void forward() {
        for (std::size_t i = 0; i < bottom_.size(); ++i) bottom_[i]->set_data(start_[i].clone());
        layer_->reshape(bottom_, top_);
        layer_->forward(bottom_, top_);
    }

    double objective() {
        forward();
        double sum = 0;
        for (std::size_t i = 0; i < top_.size(); ++i) sum += (top_[i]->data() * weights_[i]).sum().item<double>();
        return sum;
    }

    /// The gradients by backward(): of the bottoms that have one, then of the parameters. Undefined: there is none.
    std::vector<at::Tensor> gradients() {
        forward();
        for (std::size_t i = 0; i < top_.size(); ++i) top_[i]->set_diff(weights_[i].clone());
        layer_->backward(top_, wanted(), bottom_);
        std::vector<at::Tensor> result;
        for (std::size_t i = 0; i < bottom_.size(); ++i)
            result.push_back(wanted()[i] ? bottom_[i]->diff().clone() : at::Tensor());
        for (std::size_t i = 0; i < layer_->blobs().size(); ++i)
            result.push_back(layer_->param_propagate_down[i] ? layer_->blobs()[i]->diff().clone() : at::Tensor());
        return result;
    }

    /// What the gradients are by, in the same order.
    std::vector<at::Tensor> variables() {
        std::vector<at::Tensor> result = start_;
        for (const auto& blob : layer_->blobs()) result.push_back(blob->data());
        return result;
    }

  private:
    Blob& add_blob(const Shape& shape) {
        owned_.push_back(std::make_unique<Blob>(device_, shape));
        return *owned_.back();
    }

    std::vector<bool> wanted() const {
        std::vector<bool> result;
        for (std::size_t i = 0; i < bottom_.size(); ++i)
            result.push_back(layer_->has_gradient(static_cast<int>(i)) && !case_.bottoms[i].constant);
        return result;
    }

    static at::Tensor values(const GradientInput& input, at::Generator& generator) {
        switch (input.kind) {
            case GradientInput::kNormal: break;
            case GradientInput::kPositive: return at::rand(input.shape, generator, at::kDouble) * 1.5 + 0.5;
            case GradientInput::kLabels:
                return at::randint(0, input.classes, input.shape, generator, at::kLong).to(at::kDouble);
            case GradientInput::kGiven: return at::tensor(input.given, at::kDouble).reshape(input.shape);
        }
        return at::randn(input.shape, generator, at::kDouble);
    }

    const GradientCase& case_;
    const Device device_;
    std::vector<std::unique_ptr<Blob>> owned_;
    Blobs bottom_, top_;
    std::unique_ptr<Layer> layer_;
    std::vector<at::Tensor> start_, weights_;
};

std::string spot(const GradientCase& one, std::size_t variable, std::int64_t element) {
    const std::size_t bottoms = one.bottoms.size();
    return fmt::format("{} {}, element {}", variable < bottoms ? "bottom" : "parameter",
                       variable < bottoms ? variable : variable - bottoms, element);
}

class Gradient : public testing::TestWithParam<GradientCase> {};

TEST_P(Gradient, EqualsCentralDifferences) {
    const GradientCase& one = GetParam();
    CheckedLayer layer(one, at::kDouble, true);
    const auto gradients = layer.gradients();
    const auto variables = layer.variables();
    const double middle = layer.objective();
    int checked = 0, kinks = 0;
    for (std::size_t v = 0; v < variables.size(); ++v) {
        if (!gradients[v].defined()) continue;
        ASSERT_EQ(gradients[v].scalar_type(), at::kDouble) << spot(one, v, 0);
        const at::Tensor gradient = gradients[v].contiguous().view({-1}), x = variables[v].view({-1});
        for (std::int64_t i = 0; i < x.numel(); ++i) {
            const double value = x[i].item<double>(), analytic = gradient[i].item<double>();
            x[i].fill_(value + kStep);
            const double above = layer.objective();
            x[i].fill_(value - kStep);
            const double below = layer.objective();
            x[i].fill_(value);
            ++checked;
            const double scale = std::max({1.0, std::abs(analytic), std::abs(above - below) / (2 * kStep)});
            if (std::abs(above - 2 * middle + below) / kStep > kKink * scale) {
                ++kinks;
                continue;
            }
            ASSERT_NEAR(analytic, (above - below) / (2 * kStep), one.how.tolerance * scale) << spot(one, v, i);
        }
    }
    EXPECT_GT(checked, 0);
    EXPECT_LE(kinks * 10, checked) << "too many points are at kinks";
}

void expect_exact_gradients(const GradientCase& one, CheckedLayer& layer) {
    CheckedLayer exact(one, at::kDouble, true);
    const auto expected = exact.gradients(), got = layer.gradients();
    for (std::size_t v = 0; v < expected.size(); ++v) {
        ASSERT_EQ(expected[v].defined(), got[v].defined());
        if (!got[v].defined()) continue;
        EXPECT_EQ(got[v].scalar_type(), at::kFloat);
        const at::Tensor values = got[v].to(at::kCPU, at::kDouble);
        EXPECT_TRUE(at::allclose(expected[v], values, 2e-4, 2e-5))
            << spot(one, v, 0) << ": off by " << (expected[v] - values).abs().max().item<double>();
    }
}

TEST_P(Gradient, IsTheSameWithOwnKernels) {
    const GradientCase& one = GetParam();
    if (one.how.draws) GTEST_SKIP() << "our random numbers differ from libtorch's";
    CheckedLayer own(one, at::kFloat, false);
    expect_exact_gradients(one, own);
}

/// Without a GPU there are no tests of it. Random numbers are the device's own.
std::vector<GradientCase> gpu_cases() {
    std::vector<GradientCase> cases;
    for (const auto& one : gradient_cases())
        if (default_device().is_cuda && !one.how.draws) cases.push_back(one);
    return cases;
}

class GradientOnGpu : public Gradient {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GradientOnGpu);

TEST_P(GradientOnGpu, IsThatOfTheCpu) {
    prepare_gpu(Precision::kFp32);
    CheckedLayer layer(GetParam(), at::kFloat, false, default_device());
    expect_exact_gradients(GetParam(), layer);
}

std::string test_name(const testing::TestParamInfo<GradientCase>& test) {
    std::string name = fmt::format("{}_{}", test.param.type, test.param.name);
    for (char& c : name)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    return name;
}

INSTANTIATE_TEST_SUITE_P(Layers, Gradient, testing::ValuesIn(gradient_cases()), test_name);
INSTANTIATE_TEST_SUITE_P(Layers, GradientOnGpu, testing::ValuesIn(gpu_cases()), test_name);

TEST(GradientSet, CoversEveryLayerType) {
    std::set<std::string_view> covered;
    for (const auto& one : gradient_cases()) covered.insert(one.type);
    for (const auto& [type, reason] : types_without_gradient()) {
        EXPECT_TRUE(find_layer_type(type)) << type;
        EXPECT_TRUE(covered.insert(type).second) << type << " is checked, and yet listed as: " << reason;
    }
    for (const auto& type : layer_types())
        EXPECT_TRUE(covered.contains(type.name)) << type.name << " needs a case, or a reason to have none";
}

}  // namespace
}  // namespace digits
