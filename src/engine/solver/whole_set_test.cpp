#include <gmock/gmock.h>

#include <numeric>

#include "caffe/prototxt.hpp"
#include "data/records/record_sink.hpp"
#include "engine/net/net.hpp"
#include "engine/solver/caffe_trainee.hpp"
#include "engine/solver/train_fixture.hpp"

namespace digits {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Key;
using testing::Not;

constexpr int kSamples = 60;

/// Every loss and metric whose value depends on how batches are joined; labels of class 1 are ignored by some.
constexpr std::string_view kMeasures = R"(
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 2 weight_filler { type: "gaussian" std: 0.01 } } }
layer { name: "first" type: "Slice" bottom: "ip" top: "one" top: "other" slice_param { slice_point: 1 } }
layer { name: "rest" type: "Silence" bottom: "other" }
layer { name: "unused" type: "Silence" bottom: "one" include { phase: TRAIN } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
layer { name: "valid" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "valid" include { phase: TEST } loss_param { ignore_label: 1 } }
layer { name: "full" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "full" include { phase: TEST } loss_param { ignore_label: 1 normalization: FULL } }
layer { name: "by batch" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "by batch" include { phase: TEST } loss_param { ignore_label: 1 normalization: BATCH_SIZE } }
layer { name: "sum" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "sum" include { phase: TEST } loss_param { normalization: NONE } }
layer { name: "sigmoid" type: "SigmoidCrossEntropyLoss" bottom: "one" bottom: "label" top: "sigmoid" include { phase: TEST } loss_param { ignore_label: 1 normalization: VALID } }
layer { name: "squares" type: "EuclideanLoss" bottom: "one" bottom: "label" top: "squares" include { phase: TEST } }
layer { name: "hinge" type: "HingeLoss" bottom: "ip" bottom: "label" top: "hinge" include { phase: TEST } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" top: "classes" include { phase: TEST } }
layer { name: "valid accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "valid accuracy" include { phase: TEST } accuracy_param { ignore_label: 0 } }
)";

using Metrics = std::map<std::pair<std::string, std::int64_t>, double>;

class WholeSet : public Train {
  protected:
    void SetUp() override {
        write_database(folder_.path() / "train_db", 50, 1);
        // Three in four are of class 1, so that batches differ in what counts.
        auto writer = *LmdbWriter::create(folder_.path() / "val_db");
        auto hdf5 = *sink::create_hdf5(folder_.path() / "val_hdf5", image_spec(), Hdf5Compression::kNone, "",
                                       std::uint64_t{100} * 17);
        std::uint32_t noise = 3;
        for (int i = 0; i < kSamples; ++i) {
            Image image;
            image.reset(10, 10, 1);
            for (auto& pixel : image.pixels)
                pixel = static_cast<std::uint8_t>((noise = noise * 1664525U + 1013904223U) >> 24);
            const int label = i % 4 == 0 ? 0 : 1;
            ASSERT_TRUE(writer.put(fmt::format("{:08}", i), raw_datum(image, label)));
            StorageSpec storage;
            storage.backend = DatasetBackend::kHdf5;
            ASSERT_TRUE(hdf5->put(*pack_record(image, label, storage)));
        }
        ASSERT_TRUE(writer.finish());
        ASSERT_TRUE(hdf5->finish());
    }

    static ImageSpec image_spec() {
        ImageSpec image;
        image.width = image.height = 10;
        image.channels = 1;
        return image;
    }

    static std::string lmdb(int batch) {
        return fmt::format(R"(layer {{ name: "data" type: "Data" top: "data" top: "label" include {{ phase: TEST }}
            data_param {{ source: "val_db" batch_size: {} backend: LMDB }} }})",
                           batch);
    }

    /// A solver that changes nothing, and validates before and after each of three steps.
    TrainOptions still(const std::string& val_layer, std::string_view layers = kMeasures,
                       const char* snapshots = "snapshot_after_train: false") const {
        std::ofstream(folder_.path() / "net.prototxt")
            << R"(layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN }
                  data_param { source: "train_db" batch_size: 12 backend: LMDB } })"
            << val_layer << layers;
        std::ofstream(folder_.path() / "solver.prototxt")
            << "net: \"net.prototxt\" base_lr: 0 lr_policy: \"fixed\" test_iter: 2 test_interval: 1 max_iter: 3 "
               "display: 1 snapshot_prefix: \"still\" "
            << snapshots;
        auto chosen = options(folder_.path());
        chosen.validates_whole_sets = true;
        return chosen;
    }

    Metrics validate(const TrainOptions& options) {
        RecordingContext context(folder_.path());
        const auto summary = train(options, context);
        EXPECT_TRUE(summary) << summary.error().to_string();
        warnings_.clear();
        for (const auto& event : context.events)
            if (event["event"] == "log" && event["level"] == "warning") warnings_.push_back(event["text"]);
        Metrics validation;
        for (const auto& [point, value] : context.metrics())
            if (point.first.starts_with("val/")) validation[point] = value;
        EXPECT_FALSE(validation.empty());
        return validation;
    }

    static void expect_near(const Metrics& actual, const Metrics& expected) {
        ASSERT_EQ(actual.size(), expected.size());
        for (const auto& [point, value] : expected) {
            ASSERT_TRUE(actual.contains(point)) << point.first;
            EXPECT_NEAR(actual.at(point), value, 1e-5 * std::max(1.0, std::fabs(value))) << point.first;
        }
    }
    static void expect_equal_at_each_iteration(const Metrics& validation) {
        for (const auto& [point, value] : validation) EXPECT_EQ(value, validation.at({point.first, 0})) << point.first;
    }

    std::vector<std::string> warnings_;
};

TEST_F(WholeSet, GivesTheNumbersOfOneBatchForAnyBatchSize) {
    const auto whole = validate(still(lmdb(kSamples)));
    for (const auto* series : {"loss", "valid", "full", "by batch", "sum", "sigmoid", "squares", "hinge", "accuracy",
                               "classes", "classes[1]", "valid accuracy"})
        for (const int iteration : {0, 1, 2, 3})
            EXPECT_TRUE(whole.contains({std::string("val/") + series, iteration})) << series;
    for (const int batch : {1, 7, 32, 64}) {
        SCOPED_TRACE(batch);
        const auto parts = validate(still(lmdb(batch)));
        expect_equal_at_each_iteration(parts);
        expect_near(parts, whole);
        EXPECT_TRUE(warnings_.empty()) << warnings_.front();
    }
}

TEST_F(WholeSet, MeasuresWhatTheTaskAsksForWhereLayersCan) {
    const auto plain = validate(still(lmdb(kSamples)));
    const auto measured = [&](int batch) {
        auto chosen = still(lmdb(batch));
        chosen.measures = {"f1", "error", "mAP"};
        return validate(chosen);
    };
    const auto whole = measured(kSamples);
    EXPECT_EQ(whole.size(), plain.size() + 2 * 4) << "the sigmoid ignores labels, so it has no mAP";
    EXPECT_GT(whole.at({"val/error", 0}), 0);
    EXPECT_GT(whole.at({"val/f1", 0}), 0);
    for (const int batch : {1, 7, 64}) expect_near(measured(batch), whole);
}

TEST_F(WholeSet, CountsEachRowOfHdf5Once) {
    const auto hdf5 = [](int batch, const char* more) {
        return fmt::format(R"(layer {{ name: "data" type: "HDF5Data" top: "data" top: "label" include {{ phase: TEST }}
            hdf5_data_param {{ source: "val_hdf5/list.txt" batch_size: {} {} }} }})",
                           batch, more);
    };
    const auto whole = validate(still(lmdb(kSamples)));
    for (const int batch : {1, 7, 32, 64})
        for (const auto* more : {"", "shuffle: true"}) {
            SCOPED_TRACE(fmt::format("{} {}", batch, more));
            expect_near(validate(still(hdf5(batch, more))), whole);
        }
}

TEST_F(WholeSet, IsTheSameAfterAResume) {
    const auto chosen = still(lmdb(7), kMeasures, "snapshot: 1");
    const auto once = validate(chosen);
    for (const int last : {2, 3})
        for (const auto* end : {"caffemodel", "solverstate"})
            fs::remove(folder_.path() / fmt::format("still_iter_{}.{}", last, end));
    const auto resumed = validate(chosen);
    EXPECT_EQ(resumed.size(), once.size() * 3 / 4) << "from iteration 1 on";
    for (const auto& [point, value] : resumed) EXPECT_EQ(value, once.at(point)) << point.first;
}

TEST_F(WholeSet, IsLeftToSolversThatAskForIt) {
    auto chosen = still(lmdb(32));
    chosen.validates_whole_sets = false;
    const auto caffe = validate(chosen);
    EXPECT_NE(caffe.at({"val/loss", 0}), caffe.at({"val/loss", 1})) << "the second test starts four samples later";
}

TEST_F(WholeSet, FillsTheLastBatchUpWhereTheNetworkTakesOneSizeOnly) {
    constexpr std::string_view fixed = R"(
layer { name: "form" type: "Reshape" bottom: "data" top: "form" reshape_param { shape { dim: 32 dim: 100 } } }
layer { name: "ip" type: "InnerProduct" bottom: "form" top: "ip" inner_product_param { num_output: 2 weight_filler { type: "gaussian" std: 0.01 } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
)";
    auto chosen = still(lmdb(32), fixed);
    auto text = *read_file(folder_.path() / "net.prototxt");
    text.replace(text.find("batch_size: 12"), 14, "batch_size: 32");
    std::ofstream(folder_.path() / "net.prototxt") << text;
    expect_equal_at_each_iteration(validate(chosen));
    ASSERT_EQ(warnings_.size(), 1U);
    EXPECT_THAT(warnings_[0], HasSubstr("first 4 samples"));
    EXPECT_THAT(warnings_[0], HasSubstr("divides 60"));
    EXPECT_THAT(warnings_[0], HasSubstr("[form]"));
}

TEST_F(WholeSet, RecordsNoCurvesOfOutputsThatNobodyReads) {
    const auto layers = std::string(kMeasures) + R"(
layer { name: "map" type: "Convolution" bottom: "data" top: "map" convolution_param { num_output: 24 kernel_size: 1 } }
layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" include { phase: TEST } }
)";
    const auto expected = validate(still(lmdb(7)));
    const auto metrics = validate(still(lmdb(7), layers));
    for (const auto& [point, value] : expected) EXPECT_THAT(metrics, Contains(Key(point)));
    EXPECT_EQ(metrics.size(), expected.size());
    ASSERT_EQ(warnings_.size(), 2U) << "one for each output, also where two nets have it";
    EXPECT_THAT(warnings_[0], HasSubstr("[map]"));
    EXPECT_THAT(warnings_[1], HasSubstr("[prob]"));
}

TEST_F(WholeSet, SaysThatNothingLearns) {
    std::string layers(kMeasures);
    const std::string_view top = "top: \"ip\"";
    layers.replace(layers.find(top), top.size(), "top: \"ip\" param { lr_mult: 0 } param { lr_mult: 0 }");
    validate(still(lmdb(7), layers));
    ASSERT_EQ(warnings_.size(), 1U);
    EXPECT_THAT(warnings_[0], HasSubstr("Nothing learns"));
}

TEST_F(WholeSet, CallsLossesSo) {
    RecordingContext context(folder_.path());
    ASSERT_TRUE(train(still(lmdb(7)), context));
    std::map<std::string, std::string> types;
    for (const auto& event : context.events)
        if (event["event"] == "network")
            for (const auto& output : event["outputs"]) types[output["name"]] = output["type"];
    EXPECT_EQ(types["loss"], "loss");
    EXPECT_EQ(types["squares"], "loss") << "of the validation alone";
    EXPECT_EQ(types["accuracy"], "value");
}

TEST_F(WholeSet, CountsNaNAsWrong) {
    const auto layers = std::string(kMeasures) + R"(
layer { name: "zero" type: "Power" bottom: "ip" top: "zero" power_param { scale: 0 } include { phase: TEST } }
layer { name: "nan" type: "Eltwise" bottom: "zero" bottom: "zero" top: "nan" eltwise_param { coeff: 1e39 coeff: -1 } include { phase: TEST } }
layer { name: "nan accuracy" type: "Accuracy" bottom: "nan" bottom: "label" top: "nan accuracy" include { phase: TEST } }
)";
    EXPECT_EQ(validate(still(lmdb(7), layers)).at({"val/nan accuracy", 0}), 0);
}

}  // namespace
}  // namespace digits
