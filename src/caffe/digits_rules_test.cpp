#include "caffe/digits_rules.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>

#include <functional>

#include "caffe/net_state.hpp"
#include "caffe/prototxt.hpp"
#include "caffe/splits.hpp"

namespace digits {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

caffe::NetParameter net_of(std::string_view text) {
    auto net = parse_net_text(text, "expected");
    EXPECT_TRUE(net) << net.error().to_string();
    return net ? *net : caffe::NetParameter{};
}

/// How `got` differs from the text; empty when it does not.
std::string difference(const google::protobuf::Message& want, const google::protobuf::Message& got) {
    std::string words;
    google::protobuf::util::MessageDifferencer differ;
    differ.ReportDifferencesToString(&words);
    differ.Compare(want, got);
    return words;
}

std::string difference(const caffe::NetParameter& got, std::string_view text) { return difference(net_of(text), got); }

std::string difference(const caffe::SolverParameter& got, std::string_view text) {
    auto want = parse_solver_text(text, "expected");
    EXPECT_TRUE(want) << want.error().to_string();
    return difference(*want, got);
}

TrainingData mnist() {
    TrainingData facts;
    facts.label_count = 10;
    facts.channels = 1;
    facts.height = facts.width = 28;
    facts.train_db = "/d/train_db";
    facts.train_count = 45000;
    facts.val_db = "/d/val_db";
    facts.val_count = 15000;
    facts.mean_file = "/d/mean.binaryproto";
    facts.mean_pixel = {33.5F};
    return facts;
}

constexpr const char* kSmallNet = R"(
    name: "small"
    layer { name: "train-data" type: "Data" top: "data" top: "label" include { stage: "train" } data_param { batch_size: 64 } }
    layer { name: "val-data" type: "Data" top: "data" top: "label" include { stage: "val" } data_param { batch_size: 32 } }
    layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" }
    layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
    layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { stage: "val" } }
    layer { name: "accuracy-top5" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy-top5" include { stage: "val" }
            accuracy_param { top_k: 5 } }
    layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include { stage: "deploy" } })";

// Only what the tests that do not speak of data need.
constexpr const char* kBareNet = R"(
    layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" }
    layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
    layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include { stage: "deploy" } })";

TrainingFiles made(std::string_view net, const TrainingData& dataset = mnist(), const TrainingChoices& choices = {}) {
    auto files = make_training_files(net_of(net), dataset, choices);
    EXPECT_TRUE(files) << files.error().to_string();
    return files ? *files : TrainingFiles{};
}

std::string refusal(std::string_view net, const TrainingData& dataset = mnist(), const TrainingChoices& choices = {}) {
    auto files = make_training_files(net_of(net), dataset, choices);
    EXPECT_FALSE(files);
    if (files) return "";
    EXPECT_EQ(files.error().code, ErrorCode::kInvalidArgument);
    return files.error().message;
}

TEST(DigitsRules, OneNetworkBecomesTrainValAndDeploy) {
    const auto files = made(kSmallNet);
    EXPECT_EQ(difference(files.train_val, R"(
        layer { name: "train-data" type: "Data" top: "data" top: "label" include { phase: TRAIN }
                transform_param { mean_file: "/d/mean.binaryproto" }
                data_param { source: "/d/train_db" batch_size: 64 backend: LMDB } }
        layer { name: "val-data" type: "Data" top: "data" top: "label" include { phase: TEST }
                transform_param { mean_file: "/d/mean.binaryproto" }
                data_param { source: "/d/val_db" batch_size: 32 backend: LMDB } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 10 } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
        layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { phase: TEST } }
        layer { name: "accuracy-top5" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy-top5"
                include { phase: TEST } accuracy_param { top_k: 5 } })"),
              "");
    EXPECT_EQ(difference(files.deploy, R"(
        input: "data" input_shape { dim: 1 dim: 1 dim: 28 dim: 28 }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 10 } }
        layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" })"),
              "");
    EXPECT_THAT(files.warnings, IsEmpty());
}

TEST(DigitsRules, TheSolverCountsInEpochs) {
    const auto files = made(kSmallNet);
    EXPECT_EQ(files.iterations_per_epoch, 704);  // 45000 / 64, rounded up
    EXPECT_EQ(difference(files.solver, R"(
        net: "train_val.prototxt" solver_type: SGD solver_mode: CPU snapshot_prefix: "snapshot"
        max_iter: 21120 snapshot: 704 test_iter: 469 test_interval: 704 display: 79
        base_lr: 0.01 lr_policy: "step" gamma: 0.1 stepsize: 6970 momentum: 0.9 weight_decay: 0.0001)"),
              "");
}

TEST(DigitsRules, MissingDataLayersAreMade) {
    EXPECT_EQ(difference(made(kBareNet).train_val, R"(
        layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN }
                transform_param { mean_file: "/d/mean.binaryproto" }
                data_param { source: "/d/train_db" batch_size: 16 backend: LMDB } }
        layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TEST }
                transform_param { mean_file: "/d/mean.binaryproto" }
                data_param { source: "/d/val_db" batch_size: 16 backend: LMDB } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 10 } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" })"),
              "");
}

TEST(DigitsRules, WithoutValidationSetNothingIsValidated) {
    auto dataset = mnist();
    dataset.val_db.clear();
    dataset.val_count = 0;
    const auto files = made(kSmallNet, dataset);
    EXPECT_EQ(files.train_val.layer(1).name(), "ip");
    EXPECT_EQ(files.val_batch_size, 0);
    EXPECT_EQ(files.solver.test_iter_size(), 0);
    EXPECT_FALSE(files.solver.has_test_interval());
    TrainingChoices never;
    never.val_interval = 0;
    EXPECT_EQ(made(kSmallNet, mnist(), never).solver.test_iter_size(), 0);
}

TEST(DigitsRules, AccuracyOverMoreThanTheClassesGoesAway) {
    auto dataset = mnist();
    dataset.label_count = 4;
    const auto files = made(kSmallNet, dataset);
    for (const auto& layer : files.train_val.layer()) EXPECT_NE(layer.name(), "accuracy-top5");
    EXPECT_EQ(files.train_val.layer_size(), 5);
    EXPECT_THAT(files.warnings, ElementsAre(HasSubstr("[accuracy-top5] left out")));
    dataset.label_count = 5;
    EXPECT_EQ(made(kSmallNet, dataset).train_val.layer_size(), 6);
}

TEST(DigitsRules, EveryLayerIsCleanedUpAlsoAfterARemovedOne) {
    auto dataset = mnist();
    dataset.label_count = 3;
    const auto files = made(std::string(R"(layer { name: "in" type: "Input" top: "data" })") +
                                R"(layer { name: "in2" type: "Input" top: "more" })" + kBareNet,
                            dataset);
    EXPECT_EQ(files.train_val.layer(2).name(), "ip");
    EXPECT_EQ(files.train_val.layer(2).inner_product_param().num_output(), 3U);
}

TEST(DigitsRules, BatchSizesOfTheUserWin) {
    TrainingChoices choices;
    choices.batch_size = 100;
    auto files = made(kSmallNet, mnist(), choices);
    EXPECT_EQ(files.batch_size, 100);
    EXPECT_EQ(files.val_batch_size, 100);
    EXPECT_EQ(files.iterations_per_epoch, 450);
    choices.val_batch_size = 1000;
    choices.batch_accumulation = 3;
    files = made(kSmallNet, mnist(), choices);
    EXPECT_EQ(files.val_batch_size, 1000);
    EXPECT_EQ(files.solver.test_iter(0), 15);
    EXPECT_EQ(files.solver.iter_size(), 3);
    EXPECT_EQ(files.iterations_per_epoch, 150);
    EXPECT_EQ(files.solver.display(), 17);  // 5000 images, rounded up
    EXPECT_FALSE(files.solver.has_clip_gradients());
    choices.solver.clip_gradients = 2;
    EXPECT_EQ(made(kSmallNet, mnist(), choices).solver.clip_gradients(), 6) << "Caffe clips the sum of the batches";
}

TEST(DigitsRules, CropGoesToDataLayersAndDeploy) {
    TrainingChoices choices;
    choices.crop_size = 24;
    auto files = made(kSmallNet, mnist(), choices);
    EXPECT_EQ(files.train_val.layer(0).transform_param().crop_size(), 24U);
    EXPECT_EQ(files.train_val.layer(1).transform_param().crop_size(), 24U);
    EXPECT_THAT(files.deploy.input_shape(0).dim(), ElementsAre(1, 1, 24, 24));
    choices.crop_size = 29;
    EXPECT_THAT(refusal(kSmallNet, mnist(), choices), HasSubstr("crop_size 29 is larger than the images (28 x 28)"));

    const std::string own = std::string(R"(
        layer { name: "t" type: "Data" top: "data" top: "label" include { stage: "train" } transform_param { crop_size: 227 } }
        layer { name: "v" type: "Data" top: "data" top: "label" include { stage: "val" } transform_param { crop_size: 227 } })") +
                            kBareNet;
    files = made(own);
    EXPECT_EQ(files.train_val.layer(0).transform_param().crop_size(), 28U);
    EXPECT_EQ(files.crop_size, 28);
    EXPECT_THAT(files.warnings, ElementsAre(HasSubstr("[t] crop_size 227"), HasSubstr("[v] crop_size 227")));
}

TEST(DigitsRules, MeanAsChosen) {
    TrainingChoices choices;
    choices.mean = MeanMode::kPixel;
    EXPECT_THAT(made(kSmallNet, mnist(), choices).train_val.layer(0).transform_param().mean_value(),
                ElementsAre(33.5F));
    const std::string own = std::string(R"(
        layer { name: "t" type: "Data" top: "data" top: "label" include { stage: "train" } transform_param { mean_value: 7 } }
        layer { name: "v" type: "Data" top: "data" top: "label" include { stage: "val" } })") +
                            kBareNet;
    auto files = made(own, mnist(), choices);
    EXPECT_THAT(files.train_val.layer(0).transform_param().mean_value(), ElementsAre(33.5F));
    EXPECT_THAT(files.warnings, ElementsAre(HasSubstr("[t] its own mean is replaced")));
    choices.mean = MeanMode::kNone;
    files = made(own, mnist(), choices);
    EXPECT_THAT(files.train_val.layer(0).transform_param().mean_value(), ElementsAre(7));
    EXPECT_FALSE(files.train_val.layer(1).has_transform_param());
    auto dataset = mnist();
    dataset.mean_file.clear();
    EXPECT_THAT(refusal(kSmallNet, dataset), HasSubstr("no mean image"));
}

TEST(DigitsRules, Hdf5HasItsOwnLayer) {
    auto dataset = mnist();
    dataset.backend = TrainingBackend::kHdf5;
    TrainingChoices choices;
    choices.mean = MeanMode::kNone;
    const auto files = made(kBareNet, dataset, choices);
    EXPECT_EQ(
        difference(net_of(R"(layer { name: "data" type: "HDF5Data" top: "data" top: "label" include { phase: TRAIN }
                                           hdf5_data_param { source: "/d/train_db/list.txt" batch_size: 16 } })")
                       .layer(0),
                   files.train_val.layer(0)),
        "");
    EXPECT_EQ(files.iterations_per_epoch, 2813);
    const auto small = made(kSmallNet, dataset);
    EXPECT_EQ(
        difference(
            net_of(R"(layer { name: "train-data" type: "HDF5Data" top: "data" top: "label" include { phase: TRAIN }
                                           hdf5_data_param { source: "/d/train_db/list.txt" batch_size: 64 } })")
                .layer(0),
            small.train_val.layer(0)),
        "")
        << "a Data layer of the network becomes one, without the mean that it cannot subtract";
    EXPECT_EQ(small.val_batch_size, 32);
    EXPECT_THAT(small.warnings, Contains(HasSubstr("[train-data] becomes an HDF5Data layer")));
    EXPECT_THAT(small.warnings, Contains(HasSubstr("[train-data] an HDF5Data layer subtracts no mean image")));
    auto no_val = dataset;
    no_val.val_count = 0;
    EXPECT_THAT(
        refusal(std::string(R"(layer { name: "d" type: "HDF5Data" top: "data" top: "label" include { stage: "train" }
                                               transform_param { scale: 0.1 } })") +
                    kBareNet,
                no_val, choices),
        HasSubstr("transforms nothing"));
    choices.crop_size = 20;
    EXPECT_THAT(refusal(kBareNet, dataset, choices), HasSubstr("cannot crop"));
    choices.crop_size.reset();
    choices.mean = MeanMode::kPixel;
    EXPECT_THAT(refusal(kBareNet, dataset, choices), HasSubstr("cannot subtract a mean pixel"));
}

struct Refused {
    const char* layers;  ///< before the bare network
    const char* message;
};

TEST(DigitsRules, SaysWhatIsWrongWithANetwork) {
    const Refused cases[] = {
        {R"(layer { name: "d" type: "ImageData" top: "data" })", "[d] the data layer is of type ImageData"},
        {R"(layer { name: "a" type: "Data" include { stage: "train" } } layer { name: "b" type: "Data" include { stage: "train" } })",
         "[b] a second data layer for training, after [a]"},
        {R"(layer { name: "a" type: "Data" include { phase: TEST } } layer { name: "b" type: "Data" include { stage: "val" } })",
         "[b] a second data layer for validation, after [a]"},
        {R"(layer { name: "a" type: "Data" include { stage: "val" } })",
         "[a] a data layer for validation, but none for training"},
        {R"(layer { name: "a" type: "Data" top: "data" top: "label" include { stage: "train" } })",
         "[a] gives data to train with, and no layer gives data to validate with"},
        {R"(layer { name: "a" type: "Data" include { stage: "train" } data_param { source: "db" } }
            layer { name: "b" type: "Data" include { stage: "val" } })",
         "[a] data_param.source is set"},
        {R"(layer { name: "a" type: "Data" include { stage: "train" } data_param { backend: LMDB } }
            layer { name: "b" type: "Data" include { stage: "val" } })",
         "[a] data_param.backend is set"},
        {R"(layer { name: "x" type: "ReLU" bottom: "nowhere" top: "y" include { stage: "train" } })",
         "[x] reads the blob \"nowhere\", which no layer gives in training"},
        {R"(layer { name: "x" type: "ReLU" bottom: "nowhere" top: "y" include { stage: "val" } })",
         "which no layer gives in validation"},
        {R"(layer { name: "x" type: "ReLU" bottom: "label" top: "y" })",
         "which no layer gives in the network to deploy"},
        {R"(layer { name: "x" type: "ReLU" include { stage: "val" } exclude { phase: TRAIN } } layers { name: "y" })",
         "both \"layers\""},
    };
    for (const auto& c : cases) EXPECT_THAT(refusal(std::string(c.layers) + kBareNet), HasSubstr(c.message));
    EXPECT_THAT(refusal(R"(layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" })"),
                HasSubstr("no Softmax layer"));
}

TEST(DigitsRules, DataLayersInBothPhasesAreReplacedByTheDefault) {
    const auto files = made(
        std::string(R"(layer { name: "mine" type: "Data" top: "data" top: "label" data_param { batch_size: 99 } })") +
        kBareNet);
    EXPECT_EQ(files.train_val.layer(0).name(), "data");
    EXPECT_EQ(files.batch_size, 16);
    EXPECT_THAT(files.warnings, ElementsAre(HasSubstr("[mine] left out")));
}

TEST(DigitsRules, OldNetworksAreUpgradedFirst) {
    const auto files = made(R"(
        input: "data" input_dim: [1, 1, 28, 28]
        layers { name: "ip" type: INNER_PRODUCT bottom: "data" top: "ip" blobs_lr: 1 blobs_lr: 2 }
        layers { name: "loss" type: SOFTMAX_LOSS bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
        layers { name: "prob" type: SOFTMAX bottom: "ip" top: "prob" })");
    EXPECT_EQ(files.train_val.layer(2).type(), "InnerProduct");
    EXPECT_EQ(files.train_val.layer(2).param(1).lr_mult(), 2);
    EXPECT_EQ(files.deploy.layer(1).type(), "Softmax");
}

struct Interval {
    double epochs;
    int snapshot;
    int test_interval;
};

TEST(DigitsRules, IntervalsInEpochsBecomeIterations) {
    // 704 iterations an epoch, 2112 in all
    for (const Interval& c : {Interval{1, 704, 704},
                              {0.5, 352, 352},
                              {0.0001, 1, 1},
                              {1.001, 704, 704},
                              {2.9999, 2111, 2111},
                              {3, 0, 2112},
                              {100, 0, 2112}}) {
        TrainingChoices choices;
        choices.epochs = 3;
        choices.snapshot_interval = choices.val_interval = c.epochs;
        const auto solver = made(kSmallNet, mnist(), choices).solver;
        EXPECT_EQ(solver.snapshot(), c.snapshot) << c.epochs;
        EXPECT_EQ(solver.test_interval(), c.test_interval) << c.epochs;
    }
}

TEST(DigitsRules, AnEpochMayBeCut) {
    TrainingChoices choices;
    choices.epochs = 0.25;
    const auto solver = made(kSmallNet, mnist(), choices).solver;
    EXPECT_EQ(solver.max_iter(), 176);
    EXPECT_EQ(solver.test_interval(), 176);
    EXPECT_EQ(solver.snapshot(), 0);
}

TEST(DigitsRules, LearningRatePoliciesSpeakInPercent) {
    const auto solver = [](const std::function<void(SolverChoices&)>& change) {
        TrainingChoices choices;
        choices.batch_size = 45;
        choices.epochs = 2;  // 2000 iterations: 20 a percent
        change(choices.solver);
        return made(kSmallNet, mnist(), choices).solver;
    };
    auto got = solver([](auto& c) { c.lr_policy = LrPolicy::kFixed; });
    EXPECT_EQ(got.lr_policy(), "fixed");
    EXPECT_FALSE(got.has_gamma() || got.has_stepsize() || got.has_power());
    got = solver([](auto& c) { c.step_percent = 33.01; });
    EXPECT_EQ(got.stepsize(), 661);
    got = solver([](auto& c) { c.lr_policy = LrPolicy::kMultistep, c.steps_percent = {50, 85.5}, c.gamma = 0.5; });
    EXPECT_THAT(got.stepvalue(), ElementsAre(1000, 1710));
    EXPECT_EQ(got.gamma(), 0.5F);
    got = solver([](auto& c) { c.lr_policy = LrPolicy::kExp, c.gamma = 0.95; });
    EXPECT_FLOAT_EQ(got.gamma(), 0.99743863F);  // 0.95 to the power 1/20
    got = solver([](auto& c) { c.lr_policy = LrPolicy::kInv, c.gamma = 0.1, c.power = 0.5; });
    EXPECT_FLOAT_EQ(got.gamma(), 0.005F);
    EXPECT_EQ(got.power(), 0.5F);
    got = solver([](auto& c) { c.lr_policy = LrPolicy::kPoly, c.power = 3; });
    EXPECT_EQ(got.power(), 3);
    EXPECT_FALSE(got.has_gamma());
    got = solver([](auto& c) { c.lr_policy = LrPolicy::kSigmoid, c.gamma = 0.1, c.step_percent = 50; });
    EXPECT_FLOAT_EQ(got.gamma(), -0.005F);
    EXPECT_EQ(got.stepsize(), 1000);
}

TEST(DigitsRules, SolversGetWhatTheyKnow) {
    for (const auto& [type, name] : EnumNames<SolverType>::kNames) {
        TrainingChoices choices;
        choices.solver.type = type;
        choices.seed = 7;
        const auto solver = made(kSmallNet, mnist(), choices).solver;
        // Solvers that are not NVIDIA's are named by `type`.
        const auto& written =
            solver.has_type() ? solver.type() : caffe::SolverParameter::SolverType_Name(solver.solver_type());
        EXPECT_STRCASEEQ(written.c_str(), std::string(name).c_str());
        EXPECT_EQ(solver.has_momentum(), type != SolverType::kAdagrad && type != SolverType::kRmsprop);
        EXPECT_EQ(solver.has_rms_decay(), type == SolverType::kRmsprop);
        EXPECT_EQ(solver.random_seed(), 7);
    }
    TrainingChoices choices;
    choices.solver.type = SolverType::kAdagrad;
    choices.solver.momentum = 0.5;
    EXPECT_THAT(refusal(kSmallNet, mnist(), choices), HasSubstr("AdaGrad has none"));
    choices.solver.type = SolverType::kSgd;
    choices.solver.weight_decay = 0.0005;
    const auto solver = made(kSmallNet, mnist(), choices).solver;
    EXPECT_EQ(solver.momentum(), 0.5F);
    EXPECT_EQ(solver.weight_decay(), 0.0005F);
}

TEST(DigitsRules, RefusesSizesThatMakeNoSense) {
    TrainingChoices choices;
    choices.epochs = 100'000'000;
    EXPECT_THAT(refusal(kSmallNet, mnist(), choices), HasSubstr("the most a solver counts"));
    choices.epochs = 0;
    EXPECT_THAT(refusal(kSmallNet, mnist(), choices), HasSubstr("Epochs must be greater than 0; got 0"));
    auto dataset = mnist();
    dataset.train_count = 0;
    EXPECT_THAT(refusal(kSmallNet, dataset), HasSubstr("images to train with must be at least 1; got 0"));
    EXPECT_THAT(
        refusal(R"(layer { name: "a" type: "Data" include { stage: "train" } data_param { batch_size: 4294967295 } }
                           layer { name: "b" type: "Data" include { stage: "val" } })" +
                std::string(kBareNet)),
        HasSubstr("batch_size is too large"));
}

class StandardNetworkTest : public testing::TestWithParam<const char*> {};

TEST_P(StandardNetworkTest, ObeysTheRules) {
    const auto net = read_net_file(std::string(DIGITS_SOURCE_DIR) + "/networks/" + GetParam() + ".prototxt");
    ASSERT_TRUE(net) << net.error().to_string();
    auto dataset = mnist();
    dataset.height = dataset.width = 256;
    dataset.channels = 3;
    const auto files = make_training_files(*net, dataset, {});
    ASSERT_TRUE(files) << files.error().to_string();
    EXPECT_THAT(files->warnings, IsEmpty());
    for (const auto phase : {caffe::TRAIN, caffe::TEST}) {
        caffe::NetState state;
        state.set_phase(phase);
        const auto filtered = filter_net(files->train_val, state);
        ASSERT_TRUE(filtered);
        EXPECT_TRUE(insert_splits(*filtered));
    }
}

INSTANTIATE_TEST_SUITE_P(Networks, StandardNetworkTest,
                         testing::Values("lenet", "alexnet", "googlenet", "vgg16", "resnet18", "resnet50", "squeezenet",
                                         "mobilenetv2", "efficientnet_lite0", "efficientnet_lite1"));

}  // namespace
}  // namespace digits
