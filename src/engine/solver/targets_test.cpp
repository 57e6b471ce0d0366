#include <gmock/gmock.h>

#include "base/random.hpp"
#include "caffe/digits_rules.hpp"
#include "caffe/prototxt.hpp"
#include "engine/solver/train_fixture.hpp"

// Networks whose targets are boxes, masks and images, from two databases to the metric of the whole validation set.
namespace digits {
namespace {

constexpr int kSide = 32, kRows = 4, kColumns = 16;

/// Dark images with a bright square (class 0) or a bright bar (class 1).
struct Object {
    int left, top, width, height, label;
    bool covers(int x, int y) const { return x >= left && x < left + width && y >= top && y < top + height; }
};

Object object(SplitMix64& random) {
    const int label = static_cast<int>(random.below(2));
    const int width = 10, height = label == 0 ? 10 : 20;
    return {static_cast<int>(random.below(kSide - 10)), static_cast<int>(random.below(kSide - 20)), width, height,
            label};
}

class Targets : public testing::Test {
  protected:
    void write(const std::string& split, int count, std::uint64_t seed) const {
        auto images = *LmdbWriter::create(folder_.path() / (split + "_db"));
        auto boxes = *LmdbWriter::create(folder_.path() / (split + "_boxes"));
        auto masks = *LmdbWriter::create(folder_.path() / (split + "_masks"));
        auto inverses = *LmdbWriter::create(folder_.path() / (split + "_inverses"));
        SplitMix64 random(seed);
        for (int i = 0; i < count; ++i) {
            const auto one = object(random);
            Image image, mask, inverse;
            for (Image* part : {&image, &mask, &inverse}) part->reset(kSide, kSide, 1);
            for (int y = 0; y < kSide; ++y)
                for (int x = 0; x < kSide; ++x) {
                    const bool on = one.covers(x, y);
                    image.row(y)[x] = static_cast<std::uint8_t>((on ? 190 : 30) + random.below(30));
                    mask.row(y)[x] = static_cast<std::uint8_t>(x == 0 ? 255 : on ? 1 + one.label : 0);
                    inverse.row(y)[x] = static_cast<std::uint8_t>(255 - image.row(y)[x]);
                }
            std::vector<float> rows(kRows * kColumns);
            rows[0] = 1;
            rows[1] = kColumns;
            rows[kColumns] = static_cast<float>(one.left);
            rows[kColumns + 1] = static_cast<float>(one.top);
            rows[kColumns + 2] = static_cast<float>(one.width);
            rows[kColumns + 3] = static_cast<float>(one.height);
            rows[kColumns + 5] = static_cast<float>(one.label);
            const auto key = fmt::format("{:08}", i);
            ASSERT_TRUE(images.put(key, raw_datum(image, 0)));
            ASSERT_TRUE(boxes.put(key, float_datum({kRows, kColumns}, rows)));
            ASSERT_TRUE(masks.put(key, raw_datum(mask, 0)));
            ASSERT_TRUE(inverses.put(key, raw_datum(inverse, 0)));
        }
        ASSERT_TRUE(images.finish() && boxes.finish() && masks.finish() && inverses.finish());
    }

    void SetUp() override {
        write("train", 60, 1);
        write("val", 21, 2);
    }

    TrainingData data(caffe::DataParameter::Target form, const std::string& targets) const {
        TrainingData data;
        data.channels = 1;
        data.height = data.width = kSide;
        data.train_db = folder_.path() / "train_db";
        data.train_label_db = folder_.path() / ("train_" + targets);
        data.train_count = 60;
        data.val_db = folder_.path() / "val_db";
        data.val_label_db = folder_.path() / ("val_" + targets);
        data.val_count = 21;
        data.target_form = form;
        return data;
    }

    /// Trains, and returns the last value of each validation series.
    std::map<std::string, double> train_on(const std::string& network, const TrainingData& data, double rate,
                                           double epochs, RecordingContext& context, const std::string& name = "job",
                                           const std::string& augmentation = R"({"flip": "both"})") const {
        TrainingChoices choices;
        choices.epochs = epochs;
        choices.val_interval = epochs;
        choices.snapshot_interval = 0;
        choices.batch_size = 6;
        choices.val_batch_size = 5;
        choices.mean = MeanMode::kNone;
        choices.solver.type = SolverType::kAdam;
        choices.solver.base_lr = rate;
        choices.solver.lr_policy = LrPolicy::kFixed;
        const auto files = make_generic_training_files(*parse_net_text(network, "net"), data, choices);
        EXPECT_TRUE(files) << files.error().to_string();
        const auto folder = folder_.path() / name;
        fs::create_directories(folder);
        std::ofstream(folder / "augmentation.json") << augmentation;
        TrainOptions options;
        options.solver_file = folder / "solver.prototxt";
        options.solver = files->solver;
        *options.solver->mutable_net_param() = files->train_val;
        options.solver->clear_net();
        options.solver->clear_train_net();
        options.seed = 4;
        options.threads = 1;
        options.validates_whole_sets = true;
        const auto summary = train(options, context);
        EXPECT_TRUE(summary) << summary.error().to_string();
        std::map<std::string, double> last;
        for (const auto& event : context.events)
            if (event.value("event", "") == "metrics" && event.value("phase", "") == "val")
                for (const auto& [series, value] : event["values"].items()) last[series] = value.get<double>();
        return last;
    }

    TemporaryFolder folder_;
};

constexpr const char* kFeatures = R"(
layer { name: "c1" type: "Convolution" bottom: "data" top: "c1" convolution_param { num_output: 8 kernel_size: 3 pad: 1 weight_filler { type: "msra" } } }
layer { name: "r1" type: "ReLU" bottom: "c1" top: "c1" }
layer { name: "c2" type: "Convolution" bottom: "c1" top: "c2" convolution_param { num_output: 16 kernel_size: 5 pad: 2 stride: 2 weight_filler { type: "msra" } } }
layer { name: "r2" type: "ReLU" bottom: "c2" top: "c2" }
layer { name: "c3" type: "Convolution" bottom: "c2" top: "c3" convolution_param { num_output: 16 kernel_size: 5 pad: 2 stride: 2 weight_filler { type: "msra" } } }
layer { name: "r3" type: "ReLU" bottom: "c3" top: "c3" }
)";

constexpr const char* kData = R"(
layer { name: "images" type: "Data" top: "data" transform_param { scale: 0.0078125 } include { stage: "train" } }
layer { name: "images" type: "Data" top: "data" transform_param { scale: 0.0078125 } include { stage: "val" } }
)";

TEST_F(Targets, MasksAreLearned) {
    RecordingContext context(folder_.path());
    const auto values = train_on(std::string(kData) + kFeatures + R"(
layer { name: "c4" type: "Convolution" bottom: "c3" top: "c4" convolution_param { num_output: 16 kernel_size: 5 pad: 2 weight_filler { type: "msra" } } }
layer { name: "r4" type: "ReLU" bottom: "c4" top: "c4" }
layer { name: "up" type: "Deconvolution" bottom: "c4" top: "up" convolution_param { num_output: 8 kernel_size: 4 stride: 4 weight_filler { type: "msra" } } }
layer { name: "both" type: "Concat" bottom: "up" bottom: "c1" top: "both" }
layer { name: "score" type: "Convolution" bottom: "both" top: "score" convolution_param { num_output: 3 kernel_size: 1 weight_filler { type: "msra" } } }
layer { name: "dice" type: "DiceLoss" bottom: "score" bottom: "label" top: "dice" loss_param { ignore_label: 255 } exclude { stage: "deploy" } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "score" bottom: "label" top: "loss" loss_param { ignore_label: 255 } exclude { stage: "deploy" } }
layer { name: "metrics" type: "SegmentationMetrics" bottom: "score" bottom: "label" top: "miou" top: "pixel accuracy"
        segmentation_metrics_param { ignore_label: 255 } include { stage: "val" } })",
                                 data(caffe::DataParameter::MASK, "masks"), 0.01, 30, context);
    ASSERT_TRUE(values.contains("miou"));
    EXPECT_GT(values.at("miou"), 0.75);
    EXPECT_GT(values.at("pixel accuracy"), 0.93);
    EXPECT_LE(values.at("pixel accuracy"), 1);
}

TEST_F(Targets, BoxesAreLearned) {
    RecordingContext context(folder_.path());
    const auto values = train_on(std::string(kData) + kFeatures + R"(
layer { name: "c4" type: "Convolution" bottom: "c3" top: "c4" convolution_param { num_output: 24 kernel_size: 5 pad: 2 stride: 2 weight_filler { type: "msra" } } }
layer { name: "r4" type: "ReLU" bottom: "c4" top: "c4" }
layer { name: "scores" type: "Convolution" bottom: "c4" top: "scores" convolution_param { num_output: 2 kernel_size: 3 pad: 1 weight_filler { type: "gaussian" std: 0.01 } bias_filler { value: -3 } } }
layer { name: "distances" type: "Convolution" bottom: "c4" top: "distances" convolution_param { num_output: 4 kernel_size: 3 pad: 1 weight_filler { type: "gaussian" std: 0.01 } } }
layer { name: "loss" type: "DetectionLoss" bottom: "scores" bottom: "distances" bottom: "label" top: "loss" exclude { stage: "deploy" } }
layer { name: "detections" type: "DetectionDecode" bottom: "scores" bottom: "distances" top: "detections" exclude { stage: "train" } }
layer { name: "metrics" type: "DetectionMetrics" bottom: "detections" bottom: "label" top: "mAP" top: "mAP50" top: "precision" top: "recall" include { stage: "val" } })",
                                 data(caffe::DataParameter::BOXES, "boxes"), 0.005, 30, context, "job",
                                 R"({"flip": "both", "mosaic": 0.2})");
    ASSERT_TRUE(values.contains("mAP50"));
    EXPECT_GT(values.at("mAP50"), 0.8);
    EXPECT_GT(values.at("mAP"), 0.4);
    EXPECT_GT(values.at("recall"), 0.5);
}

TEST_F(Targets, ImagesAreLearned) {
    RecordingContext context(folder_.path());
    const auto values = train_on(std::string(kData) + R"(
layer { name: "targets" type: "Data" top: "label" include { stage: "train" } transform_param { scale: 0.0078125 } }
layer { name: "targets" type: "Data" top: "label" include { stage: "val" } transform_param { scale: 0.0078125 } }
layer { name: "c1" type: "Convolution" bottom: "data" top: "c1" convolution_param { num_output: 4 kernel_size: 3 pad: 1 weight_filler { type: "msra" } } }
layer { name: "r1" type: "ReLU" bottom: "c1" top: "c1" }
layer { name: "output" type: "Convolution" bottom: "c1" top: "output" convolution_param { num_output: 1 kernel_size: 1 weight_filler { type: "msra" } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "output" bottom: "label" top: "loss" exclude { stage: "deploy" } }
layer { name: "metrics" type: "ImageMetrics" bottom: "output" bottom: "label" top: "psnr" top: "ssim" image_metrics_param { range: 1.9921875 } include { stage: "val" } })",
                                 data(caffe::DataParameter::IMAGE, "inverses"), 0.01, 40, context);
    ASSERT_TRUE(values.contains("psnr"));
    EXPECT_GT(values.at("psnr"), 20);
    EXPECT_GT(values.at("ssim"), 0.7);
    EXPECT_LE(values.at("ssim"), 1);
}

TEST_F(Targets, LabelsFollowTheImagesOfTheirPhase) {
    const auto files = make_generic_training_files(
        *parse_net_text(std::string(kData) + kFeatures + R"(
layer { name: "score" type: "Convolution" bottom: "c3" top: "score" convolution_param { kernel_size: 1 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "score" bottom: "label" top: "loss" exclude { stage: "deploy" } })",
                        "net"),
        [&] {
            auto masks = data(caffe::DataParameter::MASK, "masks");
            masks.label_count = 5;
            masks.ignore_label = 7;
            return masks;
        }(),
        [] {
            TrainingChoices choices;
            choices.crop_size = 16;
            choices.mean = MeanMode::kNone;
            return choices;
        }());
    ASSERT_TRUE(files) << files.error().to_string();
    int labels = 0;
    for (const auto& layer : files->train_val.layer()) {
        if (layer.name() == "score") {
            EXPECT_EQ(layer.convolution_param().num_output(), 5U);
        }
        if (layer.name() == "loss") {
            EXPECT_EQ(layer.loss_param().ignore_label(), 7);
        }
        if (layer.type() != "Data" || layer.top(0) != "label") continue;
        ++labels;
        EXPECT_EQ(layer.data_param().target(), caffe::DataParameter::MASK);
        EXPECT_EQ(layer.data_param().follows(), "images");
        EXPECT_EQ(layer.transform_param().crop_size(), 16U);
        EXPECT_FALSE(layer.transform_param().has_scale());
    }
    EXPECT_EQ(labels, 2);
}

}  // namespace
}  // namespace digits
