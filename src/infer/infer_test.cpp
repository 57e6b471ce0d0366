#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "caffe/weights.hpp"
#include "data/records/mean.hpp"
#include "image/encode.hpp"
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

TEST(Preprocess, PutsPlanesInCaffesOrderLessTheMean) {
    Preprocessing p;
    p.dataset_width = p.dataset_height = p.width = p.height = 2;
    p.mean_values = {1, 2, 3};
    std::vector<float> out(12);
    p.apply(filled(2, 2, {10, 20, 30}), out.data());
    EXPECT_EQ(out, (std::vector<float>{29, 29, 29, 29, 18, 18, 18, 18, 7, 7, 7, 7}));
}

TEST(Preprocess, KeepsRgbForNetworksThatLearnedFromHdf5) {
    Preprocessing p;
    p.dataset_width = p.dataset_height = p.width = p.height = 2;
    p.is_rgb = true;
    std::vector<float> out(12);
    p.apply(filled(2, 2, {10, 20, 30}), out.data());
    EXPECT_EQ(out, (std::vector<float>{10, 10, 10, 10, 20, 20, 20, 20, 30, 30, 30, 30}));
    caffe::NetParameter net;
    net.add_layer()->set_type("Data");
    EXPECT_FALSE(reads_rgb(net));
    net.add_layer()->set_type("HDF5Data");
    EXPECT_TRUE(reads_rgb(net));
}

TEST(Preprocess, ConvertsChannels) {
    Preprocessing p;
    p.dataset_width = p.dataset_height = p.width = p.height = 1;
    p.channels = 1;
    float grey = 0;
    p.apply(filled(1, 1, {255, 255, 255}), &grey);
    EXPECT_EQ(grey, 255);
    p.channels = 3;
    std::vector<float> colour(3);
    p.apply(filled(1, 1, {77}), colour.data());
    EXPECT_EQ(colour, (std::vector<float>{77, 77, 77}));
}

TEST(Preprocess, SquashesToTheCropAndFitsTheMeanImage) {
    const MeanBlob mean{1, 4, 4, {0, 0, 8, 8, 0, 0, 8, 8, 0, 0, 8, 8, 0, 0, 8, 8}};
    EXPECT_EQ(resize_mean(mean, 2, 2).values, (std::vector<float>{0, 8, 0, 8}));
    EXPECT_EQ(resize_mean({1, 1, 1, {5}}, 2, 3).values, std::vector<float>(6, 5));
    Preprocessing p;
    p.dataset_width = p.dataset_height = 4;
    p.width = p.height = 2;
    p.channels = 1;
    p.mean = resize_mean(mean, 2, 2);
    std::vector<float> out(4);
    p.apply(filled(9, 9, {100}), out.data());
    EXPECT_EQ(out, (std::vector<float>{100, 92, 100, 92}));
}

/// A model whose class scores are a grey 2×1 picture's pixels less 10, times 0.1.
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

    fs::path picture(const std::string& name, std::uint8_t left, std::uint8_t right) const {
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
    EXPECT_EQ((*answers)[0]["view"], "classes");
    const auto& first = (*answers)[0]["predictions"];
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

TEST_F(PredictorTest, AnswersAndNamesUnreadablePictures) {
    const auto predictor = open();
    std::ofstream(folder_.path() / "broken.png") << "no picture";
    const auto good = picture("good.png", 90, 0);
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

}  // namespace
}  // namespace digits
