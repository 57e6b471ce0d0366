#include "engine/solver/solver.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/file.hpp"
#include "caffe/weights.hpp"
#include "engine/guard.hpp"
#include "training/learning_rate.hpp"

namespace digits {
namespace {

caffe::SolverParameter parse(const std::string& text) {
    caffe::SolverParameter parameter;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &parameter)) << text;
    return parameter;
}

const std::string kNet = R"(net_param {
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
    layer { name: "a" type: "InnerProduct" bottom: "x" top: "a" inner_product_param { num_output: 2 bias_term: false } }
    layer { name: "b" type: "InnerProduct" bottom: "a" top: "b" inner_product_param { num_output: 1 bias_term: false } }
    layer { name: "loss" type: "Reduction" bottom: "b" top: "loss" loss_weight: 1 reduction_param { operation: SUMSQ } } })";

Result<std::unique_ptr<Solver>> create(const std::string& settings, const std::filesystem::path& folder = {}) {
    SolverOptions options;
    options.base_dir = folder;
    options.with_test_nets = false;
    return Solver::create(parse(settings + " base_lr: 0.1 lr_policy: \"fixed\" " + kNet), options);
}

TEST(LearningRate, StaysAboveNvidiasLeastRate) {
    // (base_lr − min_lr) (1 − it / max_iter)^power + min_lr, and for the other policies the larger of both.
    const auto poly =
        *LearningRate::create(parse("base_lr: 0.5 lr_policy: \"poly\" power: 2 max_iter: 10 min_lr: 0.1"));
    const auto step =
        *LearningRate::create(parse("base_lr: 0.5 lr_policy: \"step\" gamma: 0.1 stepsize: 2 min_lr: 0.01"));
    int current_step = 0;
    for (int i = 0; i <= 10; ++i) {
        EXPECT_FLOAT_EQ(poly.at(i, current_step), static_cast<float>(0.4 * std::pow(1 - i / 10.0, 2) + 0.1)) << i;
        EXPECT_FLOAT_EQ(step.at(i, current_step), static_cast<float>(std::max(0.5 * std::pow(0.1, i / 2), 0.01))) << i;
    }
}

TEST(LearningRate, RisesFromTheRampUpsRateBeforeThePolicyBegins) {
    // rampup_lr + (base_lr − rampup_lr) (it / rampup_interval)²; the policy then counts from the training's first
    // iteration.
    const auto rate =
        *LearningRate::create(parse("base_lr: 0.5 lr_policy: \"exp\" gamma: 0.9 rampup_interval: 4 rampup_lr: 0.1"));
    int current_step = 0;
    const double rising[] = {0.1, 0.1 + 0.4 / 16, 0.1 + 0.4 / 4, 0.1 + 0.4 * 9 / 16};
    for (int i = 0; i < 4; ++i) EXPECT_FLOAT_EQ(rate.at(i, current_step), static_cast<float>(rising[i])) << i;
    for (int i = 4; i < 8; ++i)
        EXPECT_FLOAT_EQ(rate.at(i, current_step), static_cast<float>(0.5 * std::pow(0.9, i))) << i;
    EXPECT_FALSE(LearningRate::create(parse("base_lr: 0.5 lr_policy: \"fixed\" rampup_interval: -1")));
}

TEST(LearningRate, FallsAsHalfACosineAfterAWarmUp) {
    // torch.optim.lr_scheduler of PyTorch 2.13: SequentialLR of LinearLR(1/4, 3) and CosineAnnealingLR(8) after 4.
    const double expected[] = {0.05,        0.1,         0.15, 0.2,          0.2,          0.192387953,
                               0.170710678, 0.138268343, 0.1,  0.0617316568, 0.0292893219, 0.00761204675};
    const auto rate =
        *LearningRate::create(parse("base_lr: 0.2 lr_policy: \"cosine\" max_iter: 12 rampup_interval: 4"));
    int current_step = 0;
    for (int i = 0; i < 12; ++i) EXPECT_NEAR(rate.at(i, current_step), expected[i], 1e-7) << i;
    EXPECT_NEAR(rate.at(12, current_step), 0, 1e-9);
    EXPECT_FALSE(LearningRate::create(parse("base_lr: 0.2 lr_policy: \"cosine\"")));
}

TEST(UpdateRule, AdamWIsPyTorchs) {
    // torch.optim.AdamW(lr=0.1, weight_decay=0.05) of PyTorch 2.13 on the gradients 2 w + i + 1.
    const float expected[5][6]{{0.397500008F, -0.895000041F, 1.88999999F, 0.148750007F, -0.0999999866F, -2.88500023F},
                               {0.296006411F, -0.840251565F, 1.78043461F, 0.0490692928F, -0.197085381F, -2.77226877F},
                               {0.195197344F, -0.862797141F, 1.67120254F, -0.0496993884F, -0.292984337F, -2.66394925F},
                               {0.094771333F, -0.918304205F, 1.56220317F, -0.148033842F, -0.388506293F, -2.56349444F},
                               {-0.00551432371F, -0.988076746F, 1.45334136F, -0.2462634F, -0.484085202F, -2.47603345F}};
    ASSERT_TRUE(guarded([&] {
        const auto weights = std::make_shared<Blob>(Device{}, Shape{2, 3});
        weights->set_data(at::tensor({0.5F, -1.0F, 2.0F, 0.25F, 0.0F, -3.0F}).view({2, 3}));
        LearnableParameter parameter;
        parameter.blob = weights;
        auto rule =
            UpdateRule::create(parse("type: \"AdamW\" momentum: 0.9 momentum2: 0.999 delta: 1e-8"), {parameter});
        ASSERT_TRUE(rule) << rule.error().to_string();
        for (int i = 0; i < 5; ++i) {
            weights->set_diff(weights->data() * 2 + (i + 1));
            rule->apply({{0, {.rate = 0.1F, .weight_decay = 0.05F, .gradient_scale = 1, .iteration = i}}});
            const at::Tensor values = weights->data().reshape({6});
            for (int k = 0; k < 6; ++k) EXPECT_NEAR(values[k].item<float>(), expected[i][k], 1e-5) << i << ", " << k;
        }
    }));
    EXPECT_FALSE(UpdateRule::create(parse("type: \"AdamW\" regularization_type: \"L1\""), {}));
}

TEST(Solver, ReadsTheWeightsThatItNames) {
    const TemporaryFolder folder;
    const auto write = [&](const std::string& file, const std::string& layer, const std::vector<float>& values) {
        caffe::NetParameter net;
        auto& stored = *net.add_layer();
        stored.set_name(layer);
        auto& blob = *stored.add_blobs();
        blob.mutable_shape()->add_dim(layer == "a" ? 2 : 1);
        blob.mutable_shape()->add_dim(layer == "a" ? 3 : 2);
        for (const float value : values) blob.add_data(value);
        ASSERT_TRUE(write_weights(net, folder.path() / file));
    };
    write("a.caffemodel", "a", {1, 2, 3, 4, 5, 6});
    write("b.caffemodel", "b", {7, 8});
    const auto solver = create("weights: \"a.caffemodel,b.caffemodel\"", folder.path());
    ASSERT_TRUE(solver) << solver.error().to_string();
    const auto values = [&](const char* layer) { return (*solver)->net().find_layer(layer)->blobs()[0]->data(); };
    EXPECT_TRUE(at::equal(values("a"), at::tensor({1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F}).view({2, 3})));
    EXPECT_TRUE(at::equal(values("b"), at::tensor({7.0F, 8.0F}).view({1, 2})));
    EXPECT_EQ(create("weights: \"none.caffemodel\"", folder.path()).error().code, ErrorCode::kNotFound);
}

TEST(Solver, BuildsItsNetsInTheStateOfSolverNetAndTrainState) {
    const std::string nets = R"(base_lr: 0.1 lr_policy: "fixed" net_param { state { level: 2 STATE }
        layer { name: "all" type: "DummyData" top: "all" dummy_data_param { shape { dim: 1 } } }
        layer { name: "test" type: "DummyData" top: "test" dummy_data_param { shape { dim: 1 } } include { phase: TEST min_level: 2 } } })";
    const auto has_test_layer = [&](const std::string& net_state, const std::string& solver_state) {
        std::string text = nets + solver_state;
        text.replace(text.find("STATE"), 5, net_state);
        const auto solver = Solver::create(parse(text), {});
        EXPECT_TRUE(solver) << (solver ? "" : solver.error().to_string());
        return solver && (*solver)->net().find_layer("test") != nullptr;
    };
    EXPECT_FALSE(has_test_layer("", ""));
    EXPECT_TRUE(has_test_layer("phase: TEST", ""));
    EXPECT_FALSE(has_test_layer("phase: TEST", "train_state { phase: TRAIN }"));
    EXPECT_FALSE(has_test_layer("phase: TEST", "train_state { level: 1 }"));
    EXPECT_TRUE(has_test_layer("", "train_state { phase: TEST }"));
}

TEST(Solver, RefusesSettingsThatItWouldIgnore) {
    for (const auto& [field, text] : {std::pair<std::string, std::string>{"larc", "larc: true"},
                                      {"momentum_policy", "momentum_policy: \"poly\""},
                                      {"weight_decay_policy", "weight_decay_policy: \"poly\""}}) {
        const auto solver = create(text);
        ASSERT_FALSE(solver) << text;
        EXPECT_EQ(solver.error().code, ErrorCode::kUnsupported);
        EXPECT_THAT(solver.error().to_string(), testing::HasSubstr(field));
    }
    EXPECT_TRUE(create("momentum: 0.9"));
}

TEST(Solver, LetsAFrozenParameterRunOutAfterItsOldMomentum) {
    caffe::SolverParameter parameter = parse("momentum: 0.5 base_lr: 0.1 lr_policy: \"fixed\" " + kNet);
    parameter.mutable_net_param()->mutable_layer(1)->add_param()->set_lr_mult(0);
    SolverOptions options;
    options.with_test_nets = false;
    const auto solver = *Solver::create(parameter, options);
    const Blob& weights = *solver->net().learnable_parameters()[0].blob;
    ASSERT_TRUE(guarded([&] { weights.data().zero_(); }));
    auto state = solver->state("none");
    for (auto& value : *state.mutable_history(0)->mutable_data()) value = 8;
    ASSERT_TRUE(solver->restore(state));
    ASSERT_TRUE(solver->step());
    EXPECT_TRUE(guarded([&] { EXPECT_TRUE(at::equal(weights.data(), at::full({2, 3}, -4))); }));
    ASSERT_TRUE(solver->step());
    EXPECT_TRUE(guarded([&] { EXPECT_TRUE(at::equal(weights.data(), at::full({2, 3}, -6))); }));
}

TEST(Solver, TellsATestsWholeLossIfAsked) {
    auto parameter =
        parse("test_iter: 2 test_interval: 1 test_compute_loss: true base_lr: 0.1 lr_policy: \"fixed\" " + kNet);
    for (auto& layer : *parameter.mutable_net_param()->mutable_layer())
        if (layer.type() == "InnerProduct") {
            layer.mutable_inner_product_param()->mutable_weight_filler()->set_type("constant");
            layer.mutable_inner_product_param()->mutable_weight_filler()->set_value(1);
        }
    parameter.mutable_net_param()->mutable_layer(0)->set_type("DummyData");
    auto& dummy = *parameter.mutable_net_param()->mutable_layer(0)->mutable_dummy_data_param();
    *dummy.add_shape() = parameter.net_param().layer(0).input_param().shape(0);
    dummy.add_data_filler()->set_value(1);
    const auto solver = Solver::create(parameter, {});
    ASSERT_TRUE(solver) << solver.error().to_string();
    const auto values = (*solver)->test(0);
    ASSERT_TRUE(values) << values.error().to_string();
    // Each of two images gives 2 · 3, and the loss is the sum of squares.
    ASSERT_EQ(values->size(), 2U);
    EXPECT_EQ(values->at(1).output, "test_loss");
    EXPECT_FLOAT_EQ(values->at(1).value, 72);
    EXPECT_FLOAT_EQ(values->at(0).value, 72);
}

TEST(SoftmaxWithLoss, SmoothsLabelsInTheGradientAlone) {
    auto solver = Solver::create(parse(R"(base_lr: 1 lr_policy: "fixed" net_param {
        force_backward: true
        layer { name: "in" type: "Input" top: "x" top: "y" input_param { shape { dim: 2 dim: 4 } shape { dim: 2 } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "x" bottom: "y" top: "loss" loss_param { label_smoothing: 0.3 } } })"),
                                 {.with_test_nets = false});
    ASSERT_TRUE(solver) << solver.error().to_string();
    Net& net = (*solver)->net();
    ASSERT_TRUE(guarded([&] { net.find_blob("y")->set_data(at::tensor({0.0F, 2.0F})); }));
    EXPECT_FLOAT_EQ(*net.forward(), std::log(4.0F));
    ASSERT_TRUE(net.backward());
    // p = 1/4, minus 0.7 for the label and 0.1 for the three others, over 2 items.
    const float label = (0.25F - 0.7F) / 2, other = (0.25F - 0.1F) / 2;
    const at::Tensor expected = at::tensor({label, other, other, other, other, other, label, other}).view({2, 4});
    EXPECT_TRUE(at::allclose(net.find_blob("x")->diff(), expected, 1e-5, 1e-6)) << net.find_blob("x")->diff();
}

TEST(SoftmaxWithLoss, WeighsTheLabelsOfMixedImages) {
    auto solver = Solver::create(parse(R"(base_lr: 1 lr_policy: "fixed" net_param {
        force_backward: true
        layer { name: "in" type: "Input" top: "x" top: "y" top: "m" input_param {
            shape { dim: 1 dim: 3 } shape { dim: 1 } shape { dim: 1 dim: 2 } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "x" bottom: "y" bottom: "m" top: "loss" } })"),
                                 {.with_test_nets = false});
    ASSERT_TRUE(solver) << solver.error().to_string();
    Net& net = (*solver)->net();
    ASSERT_TRUE(guarded([&] {
        net.find_blob("x")->set_data(at::tensor({std::log(1.0F), std::log(2.0F), std::log(5.0F)}).view({1, 3}));
        net.find_blob("y")->set_data(at::tensor({2.0F}));
        net.find_blob("m")->set_data(at::tensor({0.0F, 0.75F}).view({1, 2}));
    }));
    EXPECT_FLOAT_EQ(*net.forward(), -0.75F * std::log(5.0F / 8) - 0.25F * std::log(1.0F / 8));
    ASSERT_TRUE(net.backward());
    const at::Tensor expected = at::tensor({1.0F / 8 - 0.25F, 2.0F / 8, 5.0F / 8 - 0.75F}).view({1, 3});
    EXPECT_TRUE(at::allclose(net.find_blob("x")->diff(), expected, 1e-5, 1e-6)) << net.find_blob("x")->diff();
}

}  // namespace
}  // namespace digits
