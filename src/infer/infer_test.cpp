#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "caffe/prototxt.hpp"
#include "caffe/weights.hpp"
#include "data/records/record_sink.hpp"
#include "data/records/target_codec.hpp"
#include "data/reports/image_table.hpp"
#include "data/testing.hpp"
#include "image/encode.hpp"
#include "infer/evaluation.hpp"
#include "infer/inference.hpp"
#include "infer/preprocess.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

Image filled(int width, int height, std::vector<std::uint8_t> pixel) {
    Image image;
    image.reset(width, height, static_cast<int>(pixel.size()));
    for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = pixel[i % pixel.size()];
    return image;
}

/// What a network gets whose data layer for `phase` has this transform_param.
class Preprocess : public testing::Test {
  protected:
    std::vector<float> apply(const std::string& transform, const Image& image, int width, int height) {
        return apply_layer(R"(type: "Data" transform_param { )" + transform + " }", image, width, height);
    }
    std::vector<float> apply_layer(const std::string& layer, const Image& image, int width, int height) {
        return apply_net("layer { name: \"data\" top: \"data\" top: \"label\" include { phase: TEST } " + layer + " }",
                         image, width, height);
    }
    std::vector<float> apply_net(const std::string& net, const Image& image, int width, int height) {
        Preprocessing p;
        p.dataset_width = width;
        p.dataset_height = height;
        p.channels = channels_;
        const auto taken = take_transform(*parse_net_text(net, "net"), folder_.path(), folder_.path() / "dataset", p);
        EXPECT_TRUE(taken) << taken.error().to_string();
        std::vector<float> out(static_cast<std::size_t>(p.transformer.channels() * p.transformer.height()) *
                               static_cast<std::size_t>(p.transformer.width()));
        p.apply(image, out.data());
        return out;
    }
    /// 4 x 4 pixels of 0, 1 … 15.
    static Image counted() {
        Image image;
        image.reset(4, 4, 1);
        for (std::size_t i = 0; i < 16; ++i) image.pixels[i] = static_cast<std::uint8_t>(i);
        return image;
    }

    TemporaryFolder folder_;
    int channels_ = 3;
};

TEST_F(Preprocess, PutsPlanesInCaffesOrderLessTheMean) {
    EXPECT_EQ(apply("mean_value: 1 mean_value: 2 mean_value: 3", filled(2, 2, {10, 20, 30}), 2, 2),
              (std::vector<float>{29, 29, 29, 29, 18, 18, 18, 18, 7, 7, 7, 7}));
}

TEST_F(Preprocess, KeepsRgbForNetworksThatLearnedFromHdf5) {
    EXPECT_EQ(apply_layer("type: \"HDF5Data\"", filled(2, 2, {10, 20, 30}), 2, 2),
              (std::vector<float>{10, 10, 10, 10, 20, 20, 20, 20, 30, 30, 30, 30}));
}

TEST_F(Preprocess, ConvertsChannels) {
    EXPECT_EQ(apply("", filled(1, 1, {77}), 1, 1), (std::vector<float>{77, 77, 77}));
    channels_ = 1;
    EXPECT_EQ(apply("", filled(1, 1, {255, 255, 255}), 1, 1), std::vector<float>{255});
}

TEST_F(Preprocess, ScalesAfterTheMean) {
    channels_ = 1;
    EXPECT_EQ(apply("scale: 0.25 mean_value: 10", filled(1, 1, {30}), 1, 1), std::vector<float>{5});
}

TEST_F(Preprocess, CutsTheCenterOutAndTheMeanImageWithIt) {
    channels_ = 1;
    EXPECT_EQ(apply("crop_size: 2 mirror: true", counted(), 4, 4), (std::vector<float>{5, 6, 9, 10}));
    std::vector<float> mean(16);
    mean[5] = 1;
    mean[10] = 4;
    caffe::BlobProto blob;
    for (const int dim : {1, 1, 4, 4}) blob.mutable_shape()->add_dim(dim);
    for (const float value : mean) blob.add_data(value);
    ASSERT_TRUE(write_file_atomic(folder_.path() / "mean.binaryproto", blob.SerializeAsString()));
    EXPECT_EQ(apply("crop_size: 2 mean_file: \"mean.binaryproto\"", counted(), 4, 4), (std::vector<float>{4, 6, 9, 6}));
    fs::create_directories(folder_.path() / "dataset");
    fs::rename(folder_.path() / "mean.binaryproto", folder_.path() / "dataset/mean.binaryproto");
    EXPECT_EQ(apply("mean_file: \"/moved/mean.binaryproto\"", counted(), 4, 4)[10], 6) << "found in the dataset";
}

TEST_F(Preprocess, DoesWhatTheValidationDoes) {
    channels_ = 1;
    const std::string train = R"(layer { name: "t" type: "Data" top: "data" include { phase: TRAIN }
                                 transform_param { scale: 2 mirror: true } })",
                      labels = R"(layer { name: "l" type: "Data" top: "label" include { phase: TEST } })",
                      val = R"(layer { name: "v" type: "Data" top: "data" include { phase: TEST }
                                 transform_param { scale: 3 } })";
    EXPECT_EQ(apply_net(train, filled(1, 1, {7}), 1, 1), std::vector<float>{14}) << "there is no validation";
    EXPECT_EQ(apply_net(train + labels + val, filled(1, 1, {7}), 1, 1), std::vector<float>{21});
}

/// A model whose class scores are a grey 2×1 image's pixels less 10, times 0.1.
class PredictorTest : public testing::Test {
  protected:
    void SetUp() override {
        fs::create_directories(dataset());
        fs::create_directories(model());
        std::ofstream(dataset() / "dataset.json")
            << R"({"image": {"width": 2, "height": 1, "channels": 1, "resize": "squash"}, "storage": {}, "labels": ["left", "right"], "splits": {}})";
        std::ofstream(dataset() / "labels.txt") << "left\nright\n";
        std::ofstream(model() / "train_val.prototxt")
            << R"(layer { name: "data" type: "Data" top: "data" top: "label" transform_param { mean_value: 10 } data_param { source: "x" batch_size: 1 } })";
        std::ofstream(model() / "deploy.prototxt") << R"(
            layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 1 dim: 1 dim: 2 } } }
            layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 2 bias_term: false } }
            layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" })";
        write_snapshot(10, 0.1F);
    }

    void write_snapshot(int iteration, float weight) const {
        caffe::NetParameter net;
        auto& layer = *net.add_layer();
        layer.set_name("ip");
        layer.set_type("InnerProduct");
        auto& blob = *layer.add_blobs();
        blob.mutable_shape()->add_dim(2);
        blob.mutable_shape()->add_dim(2);
        for (const float value : {weight, 0.0F, 0.0F, weight}) blob.add_data(value);
        const auto name = fmt::format("snapshot_iter_{}.", iteration);
        ASSERT_TRUE(write_weights(net, model() / (name + "caffemodel")));
        ASSERT_TRUE(write_solver_state({}, model() / (name + "solverstate")));
    }

    fs::path dataset() const { return folder_.path() / "dataset"; }
    fs::path model() const { return folder_.path() / "model"; }
    Result<std::unique_ptr<Inference>> open(const std::string& snapshot = "") const {
        return Inference::open({model(), dataset(), snapshot, {}, 1, "caffe"});
    }

    fs::path write_image(const std::string& name, std::uint8_t left, std::uint8_t right) const {
        Image image;
        image.reset(2, 1, 1);
        image.pixels = {left, right};
        std::ofstream(folder_.path() / name, std::ios::binary) << *encode_png(image);
        return folder_.path() / name;
    }

    TemporaryFolder folder_;
};

TEST_F(PredictorTest, NamesTheBestClassesFirst) {
    const auto predictor = open();
    ASSERT_TRUE(predictor) << predictor.error().to_string();
    Image image;
    image.reset(2, 1, 1);
    image.pixels = {20, 40};
    const auto answers = (*predictor)->ask({image, image}, {5});
    ASSERT_TRUE(answers) << answers.error().to_string();
    ASSERT_EQ(answers->size(), 2U);
    EXPECT_EQ((*answers)[0].answer["view"], "classes");
    const auto& first = (*answers)[0].answer["predictions"];
    ASSERT_EQ(first.size(), 2U);
    EXPECT_EQ(first[0]["label"], "right");
    EXPECT_EQ(first[0]["index"], 1);
    // Scores 1 and 3, after the mean of 10.
    EXPECT_NEAR(first[0]["probability"].get<double>(), 1 / (1 + std::exp(-2.0)), 1e-6);
    EXPECT_NEAR(first[1]["probability"].get<double>(), 1 / (1 + std::exp(2.0)), 1e-6);
}

TEST_F(PredictorTest, TakesTheNewestSnapshotUnlessToldOtherwise) {
    write_snapshot(200, -0.1F);
    EXPECT_EQ((*open())->predictor().iteration(), 200);
    EXPECT_EQ((*open("snapshot_iter_10.caffemodel"))->predictor().iteration(), 10);
    EXPECT_EQ(open("snapshot_iter_11.caffemodel").error().code, ErrorCode::kNotFound);
    EXPECT_EQ(open("../model/snapshot_iter_10.caffemodel").error().code, ErrorCode::kInvalidArgument);
}

TEST_F(PredictorTest, AnswersAndNamesUnreadableImages) {
    const auto predictor = open();
    std::ofstream(folder_.path() / "broken.png") << "no image";
    const auto good = write_image("good.png", 90, 0);
    const auto answer =
        (*predictor)
            ->answer(
                {{"type", "classify"},
                 {"images", {{{"path", folder_.path() / "broken.png"}}, {{"path", good}}, {{"path", "/nowhere.png"}}}},
                 {"top", 1}});
    ASSERT_TRUE(answer) << answer.error().to_string();
    const auto& images = (*answer)["images"];
    ASSERT_EQ(images.size(), 3U);
    EXPECT_FALSE(images[0]["error"].is_null());
    EXPECT_EQ(images[1]["predictions"][0]["label"], "left");
    EXPECT_EQ(images[1]["predictions"].size(), 1U);
    EXPECT_TRUE(images[1]["error"].is_null());
    EXPECT_EQ(images[2]["error"]["code"], "not_found");
}

TEST_F(PredictorTest, RefusesWrongRequests) {
    const auto predictor = open();
    for (const auto* request :
         {R"({})", R"({"type": "dance", "images": []})", R"({"type": "classify", "images": [{}]})",
          R"({"type": "classify", "images": [], "top": 0})", R"([])"}) {
        const auto answer = (*predictor)->answer(nlohmann::json::parse(request));
        ASSERT_FALSE(answer) << request;
        EXPECT_EQ(answer.error().code, ErrorCode::kInvalidArgument) << request;
        EXPECT_FALSE(answer.error().where.empty()) << request;
    }
}

TEST_F(PredictorTest, SaysWhenThereIsNoSnapshot) {
    for (const auto* end : {"caffemodel", "solverstate"})
        fs::remove(model() / (std::string("snapshot_iter_10.") + end));
    const auto predictor = open();
    ASSERT_FALSE(predictor);
    EXPECT_EQ(predictor.error().code, ErrorCode::kNotFound);
    EXPECT_FALSE(predictor.error().advice.empty());
}

TEST_F(PredictorTest, SaysWhenDatasetAndNetworkDiffer) {
    std::ofstream(dataset() / "dataset.json")
        << R"({"image": {"width": 2, "height": 1, "channels": 3, "resize": "squash"}, "storage": {}, "labels": ["left", "right"], "splits": {}})";
    const auto predictor = open();
    ASSERT_FALSE(predictor);
    EXPECT_NE(predictor.error().message.find("3 channels"), std::string::npos) << predictor.error().to_string();
}

/// A model that says of every image: class 1 at 0.9 in the left half, class 0 at 0.1 in the right one. Its input is the
/// middle 4 x 4 pixels of 8 x 4.
class DetectorTest : public testing::Test {
  protected:
    void SetUp() override {
        for (const auto& folder : {dataset(), model(), context_.job_dir()}) fs::create_directories(folder);
        std::ofstream(dataset() / "dataset.json") << R"({"type": "detection", "target": "boxes",
            "image": {"width": 8, "height": 4, "channels": 1, "resize": "squash"}, "storage": {}, "labels": ["cat", "dog"],
            "splits": {"val": {"count": 2, "db": "val_db", "label_db": "val_labels_db", "list": "val.txt"}}})";
        std::ofstream(dataset() / "val.txt") << "a.png\nb.png\n";
        std::ofstream(model() / "train_val.prototxt") << R"(layer { name: "data" type: "Data" top: "data"
            include { phase: TEST } transform_param { crop_size: 4 } data_param { source: "x" batch_size: 1 } })";
        std::ofstream(model() / "deploy.prototxt") << R"(
            layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 1 dim: 4 dim: 4 } } }
            layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 12 } }
            layer { name: "boxes" type: "Reshape" bottom: "ip" top: "boxes" reshape_param { shape { dim: 0 dim: 2 dim: 6 } } })";
        caffe::NetParameter net;
        auto& layer = *net.add_layer();
        layer.set_name("ip");
        layer.set_type("InnerProduct");
        auto& weights = *layer.add_blobs();
        for (const int dim : {12, 16}) weights.mutable_shape()->add_dim(dim);
        for (int i = 0; i < 12 * 16; ++i) weights.add_data(0);
        auto& bias = *layer.add_blobs();
        bias.mutable_shape()->add_dim(12);
        for (const float value : {1.0F, 0.9F, 0.0F, 0.0F, 2.0F, 4.0F, 0.0F, 0.1F, 2.0F, 0.0F, 4.0F, 4.0F})
            bias.add_data(value);
        ASSERT_TRUE(write_weights(net, model() / "snapshot_iter_1.caffemodel"));
        ASSERT_TRUE(write_solver_state({}, model() / "snapshot_iter_1.solverstate"));
    }

    fs::path dataset() const { return context_.root() / "dataset"; }
    fs::path model() const { return context_.root() / "model"; }

    JobFolder context_;
};

TEST_F(DetectorTest, AnswersInPixelsOfTheImageItself) {
    const auto inference = Inference::open({model(), dataset(), "", {}, 1, "caffe"});
    ASSERT_TRUE(inference) << inference.error().to_string();
    // 80 x 40: ten times what the dataset has; 20 pixels of either side are cut off.
    const auto answers = (*inference)->ask({ramp(80, 40, 1)}, {});
    ASSERT_TRUE(answers) << answers.error().to_string();
    const auto& answer = answers->front().answer;
    EXPECT_EQ(answer["view"], "boxes");
    EXPECT_EQ(answer["width"], 80);
    ASSERT_EQ(answer["boxes"].size(), 1U) << "the other has a score below 0.25";
    EXPECT_EQ(answer["boxes"][0]["label"], "dog");
    EXPECT_EQ(answer["boxes"][0]["left"], 20);
    EXPECT_EQ(answer["boxes"][0]["right"], 40);
    EXPECT_EQ(answer["boxes"][0]["bottom"], 40);

    const auto image = context_.root() / "image.png";
    std::ofstream(image, std::ios::binary) << *encode_png(ramp(8, 4, 1));
    nlohmann::json request{{"type", "classify"}, {"images", {{{"path", image}}}}, {"score_threshold", 0.05}};
    EXPECT_EQ((*(*inference)->answer(request))["images"][0]["boxes"].size(), 2U);
    request["score_threshold"] = -1;
    EXPECT_EQ((*inference)->answer(request).error().where, "/score_threshold");
    request["score_threshold"] = 0;
    request["nms_threshold"] = 1.5;
    EXPECT_EQ((*inference)->answer(request).error().where, "/nms_threshold");
}

TEST_F(DetectorTest, IsEvaluatedOnTheTargetsOfASplit) {
    auto sink = *sink::create_lmdb_with_targets(dataset() / "val_db", dataset() / "val_labels_db");
    for (const double left : {2.0, 6.0}) {
        auto record = *pack_record(ramp(8, 4, 1), 0, {});
        Box box;
        box.left = left;
        box.right = left + 2;
        box.bottom = 4;
        box.label = 1;
        record.target_bytes = *pack_target(Boxes{{box}}, {1});
        ASSERT_TRUE(sink->put(std::move(record)));
    }
    ASSERT_TRUE(sink->finish());
    context_.grant_model(model(), dataset());
    EvaluationSpec spec;
    spec.source.split = "val";
    spec.threads = 1;
    const auto result = evaluate(spec, "caffe", {}, context_);
    ASSERT_TRUE(result) << result.error().to_string();
    EXPECT_EQ((*result)["view"], "boxes");
    std::ifstream file(context_.job_dir() / "evaluation.json");
    const auto evaluation = nlohmann::json::parse(file);
    EXPECT_EQ(evaluation["labelled"], 2);
    EXPECT_EQ(evaluation["objects"], 2);
    // One of two is found with no false detection before it: precision 1 up to recall 0.5, then half of it is wrong.
    EXPECT_EQ(evaluation["classes"][1]["recall"], 0.5);
    EXPECT_GT(evaluation["AP50"], 0.4);
    EXPECT_LT(evaluation["AP50"], 0.6);
    const auto table = ImageTable::open(context_.job_dir());
    ASSERT_TRUE(table) << table.error().to_string();
    EXPECT_EQ((*table->row(0))["image"], "a.png");
    EXPECT_EQ((*table->row(0))["missed"], 0);
    EXPECT_EQ((*table->row(1))["missed"], 1);
}

}  // namespace
}  // namespace digits
