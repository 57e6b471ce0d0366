#include <gmock/gmock.h>

#include <algorithm>

#include "caffe/digits_rules.hpp"
#include "caffe/prototxt.hpp"

namespace digits {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr const char* kNet = R"(
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" }
layer { name: "loss" type: "EuclideanLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
)";

TrainingData gradients() {
    TrainingData data;
    data.channels = 3;
    data.height = data.width = 32;
    data.train_db = "/d/train_db";
    data.train_label_db = "/d/train_labels_db";
    data.train_count = 100;
    data.val_db = "/d/val_db";
    data.val_label_db = "/d/val_labels_db";
    data.val_count = 20;
    data.target_size = 2;
    data.mean_file = "/d/mean.binaryproto";
    data.mean_pixel = {1, 2, 3};
    return data;
}

Result<TrainingFiles> make(const std::string& text, const TrainingData& data = gradients(),
                           const TrainingChoices& choices = {}) {
    return make_generic_training_files(*parse_net_text(text, "net"), data, choices);
}

std::string refusal(const std::string& text, const TrainingData& data = gradients(),
                    const TrainingChoices& choices = {}) {
    const auto files = make(text, data, choices);
    return files ? "accepted" : files.error().to_string();
}

TEST(GenericRules, ImagesAndTargetsComeFromTwoDatabases) {
    const auto files = make(kNet);
    ASSERT_TRUE(files) << files.error().to_string();
    EXPECT_EQ(format_prototxt(files->train_val), R"(layer {
  name: "data"
  type: "Data"
  top: "data"
  include {
    phase: TRAIN
  }
  transform_param {
    mean_file: "/d/mean.binaryproto"
  }
  data_param {
    source: "/d/train_db"
    batch_size: 16
    backend: LMDB
  }
}
layer {
  name: "label"
  type: "Data"
  top: "label"
  include {
    phase: TRAIN
  }
  data_param {
    source: "/d/train_labels_db"
    batch_size: 16
    backend: LMDB
  }
}
layer {
  name: "data"
  type: "Data"
  top: "data"
  include {
    phase: TEST
  }
  transform_param {
    mean_file: "/d/mean.binaryproto"
  }
  data_param {
    source: "/d/val_db"
    batch_size: 16
    backend: LMDB
  }
}
layer {
  name: "label"
  type: "Data"
  top: "label"
  include {
    phase: TEST
  }
  data_param {
    source: "/d/val_labels_db"
    batch_size: 16
    backend: LMDB
  }
}
layer {
  name: "ip"
  type: "InnerProduct"
  bottom: "data"
  top: "ip"
  inner_product_param {
    num_output: 2
  }
}
layer {
  name: "loss"
  type: "EuclideanLoss"
  bottom: "ip"
  bottom: "label"
  top: "loss"
}
)");
    EXPECT_EQ(format_prototxt(files->deploy), R"(input: "data"
input_shape {
  dim: 1
  dim: 3
  dim: 32
  dim: 32
}
layer {
  name: "ip"
  type: "InnerProduct"
  bottom: "data"
  top: "ip"
  inner_product_param {
    num_output: 2
  }
}
)");
    EXPECT_EQ(files->iterations_per_epoch, 7);
    EXPECT_EQ(files->solver.test_iter(0), 2);
}

TEST(GenericRules, UsersLayersKeepTheirSettingsAndShareTheBatchSize) {
    const auto files = make(std::string(R"(
layer { name: "images" type: "Data" top: "data" include { stage: "train" } data_param { batch_size: 5 source: "mine" }
        transform_param { scale: 0.5 crop_size: 28 } }
layer { name: "targets" type: "Data" top: "label" include { stage: "train" } data_param { batch_size: 7 } }
)") + kNet);
    ASSERT_TRUE(files) << files.error().to_string();
    const auto& images = files->train_val.layer(0);
    EXPECT_EQ(images.name(), "images");
    EXPECT_EQ(images.transform_param().scale(), 0.5F);
    EXPECT_EQ(images.data_param().source(), "/d/train_db");
    EXPECT_EQ(files->train_val.layer(1).name(), "targets");
    EXPECT_EQ(files->train_val.layer(1).data_param().batch_size(), 5U) << "the two streams stay side by side";
    EXPECT_FALSE(files->train_val.layer(1).has_transform_param());
    EXPECT_EQ(files->deploy.input_shape(0).dim(2), 28);
    EXPECT_THAT(files->warnings, Contains(HasSubstr("[images] its own data_param.source is replaced")));
}

TEST(GenericRules, ADatasetWithoutTargetsHasNoLayerForThem) {
    auto data = gradients();
    data.train_label_db = data.val_label_db = "";
    EXPECT_THAT(refusal(kNet, data), HasSubstr("[loss] reads the blob \"label\", which no layer gives in training"));
    const auto files = make(R"(
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 2 } }
layer { name: "loss" type: "EuclideanLoss" bottom: "ip" bottom: "ip" top: "loss" exclude { stage: "deploy" } }
)",
                            data);
    ASSERT_TRUE(files) << files.error().to_string();
    EXPECT_EQ(files->train_val.layer(1).include(0).phase(), caffe::TEST);
}

TEST(GenericRules, ADatasetWithoutMeanSubtractsNothing) {
    auto data = gradients();
    data.mean_file.clear();
    const auto files = make(kNet, data);
    ASSERT_TRUE(files) << files.error().to_string();
    EXPECT_FALSE(files->train_val.layer(0).transform_param().has_mean_file());
    EXPECT_THAT(files->warnings, Contains(HasSubstr("no mean image")));
}

TEST(GenericRules, FitDetectNetToTheImages) {
    auto boxes = gradients();
    boxes.target_size = 0;
    boxes.label_count = 2;
    boxes.target_form = caffe::DataParameter::BOXES;
    const std::string network = R"(
layer { name: "transform" type: "DetectNetTransformation" bottom: "data" bottom: "label" top: "image" top: "grid"
        transform_param { mean_value: 127 } exclude { stage: "deploy" }
        detectnet_groundtruth_param { stride: 16 image_size_x: 1248 image_size_y: 384 } }
layer { name: "loss" type: "EuclideanLoss" bottom: "image" bottom: "grid" top: "loss" exclude { stage: "deploy" } }
layer { name: "cluster" type: "Python" bottom: "data" top: "list" exclude { stage: "train" }
        python_param { module: "caffe.layers.detectnet.clustering" layer: "ClusterDetections"
                       param_str: "1248, 384, 16, 0.6, 3" } })";
    TrainingChoices choices;
    choices.mean = MeanMode::kImage;
    const auto files = make(network, boxes, choices);
    ASSERT_TRUE(files) << files.error().to_string();
    const auto find = [](const caffe::NetParameter& net, std::string_view name) {
        return *std::ranges::find(net.layer(), name, [](const auto& layer) { return layer.name(); });
    };
    EXPECT_EQ(find(files->train_val, "transform").detectnet_groundtruth_param().image_size_x(), 32U);
    EXPECT_EQ(find(files->deploy, "cluster").python_param().param_str(), "32, 32, 16, 0.6, 3");
    EXPECT_FALSE(find(files->train_val, "data").transform_param().has_mean_file()) << "it subtracts 127 itself";
    EXPECT_THAT(files->warnings, Contains(HasSubstr("images of 1248 x 384; it is fitted to those of the dataset")));
    EXPECT_THAT(files->warnings, Contains(HasSubstr("[transform] subtracts a mean of its own")));
}

TEST(GenericRules, AnImageHasTheChannelsOfTheImages) {
    auto pairs = gradients();
    pairs.target_size = 0;
    pairs.target_form = caffe::DataParameter::IMAGE;
    const auto files = make(R"(
layer { name: "out" type: "Convolution" bottom: "data" top: "out" convolution_param { kernel_size: 1 } }
layer { name: "loss" type: "EuclideanLoss" bottom: "out" bottom: "label" top: "loss" exclude { stage: "deploy" } })",
                            pairs);
    ASSERT_TRUE(files) << files.error().to_string();
    EXPECT_EQ(files->deploy.layer(0).convolution_param().num_output(), 3U);
}

TEST(GenericRules, RefusesWhatItCannotTrain) {
    EXPECT_THAT(
        refusal(std::string(R"(layer { name: "x" type: "ImageData" top: "data" include { stage: "train" } })") + kNet),
        HasSubstr("[x] the data layer is of type ImageData"));
    auto unknown = gradients();
    unknown.target_size = 0;
    EXPECT_THAT(refusal(kNet, unknown), HasSubstr("[ip] num_output is missing"));
    auto hdf5 = gradients();
    hdf5.backend = TrainingBackend::kHdf5;
    EXPECT_THAT(refusal(kNet, hdf5), HasSubstr("needs LMDB"));
    EXPECT_THAT(refusal(R"(layer { name: "a" type: "DummyData" top: "a" include { stage: "train" } })"),
                HasSubstr("DummyData"));
    EXPECT_THAT(
        refusal(R"(layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" include { stage: "train" } })"),
        HasSubstr("the network to deploy has no layer"));
}

}  // namespace
}  // namespace digits
