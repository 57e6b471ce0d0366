#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "caffe/net_state.hpp"
#include "caffe/prototxt.hpp"
#include "engine/detectnet/float_image.hpp"
#include "engine/detectnet/group_rectangles.hpp"
#include "engine/guard.hpp"
#include "engine/net/explains_zero.hpp"
#include "engine/net/net.hpp"
#include "engine/solver/solver.hpp"

// DetectNet's layers: against OpenCV's numbers (tests/oracle/detectnet_numbers.py), by hand, and as a whole.
namespace digits {
namespace {

const nlohmann::json& oracle() {
    static const auto numbers = [] {
        std::ifstream file(std::string(DIGITS_SOURCE_DIR) + "/tests/oracle/detectnet.json");
        return nlohmann::json::parse(file);
    }();
    return numbers;
}

FloatImage image_of(const nlohmann::json& one) {
    FloatImage image(one["width"], one["height"]);
    image.values = one["image"].get<std::vector<float>>();
    return image;
}

TEST(GroupRectangles, GivesWhatOpenCvGives) {
    for (const auto& one : oracle()["groups"]) {
        std::vector<Rectangle> rectangles;
        for (const auto& r : one["rectangles"]) rectangles.push_back({r[0], r[1], r[2], r[3]});
        const auto groups = group_rectangles(rectangles, one["threshold"], one["eps"]);
        ASSERT_EQ(groups.size(), one["means"].size());
        for (std::size_t i = 0; i < groups.size(); ++i) {
            const auto& mean = one["means"][i];
            EXPECT_EQ(groups[i].mean, (Rectangle{mean[0], mean[1], mean[2], mean[3]}));
            EXPECT_EQ(groups[i].count, one["counts"][i]);
        }
    }
}

TEST(DetectNetImage, HasOpenCvsColours) {
    for (const auto& one : oracle()["colours"]) {
        FloatImage image = image_of(one);
        change_colours(image, one["degrees"], one["saturation"]);
        EXPECT_THAT(image.values,
                    testing::Pointwise(testing::FloatNear(2e-6F), one["result"].get<std::vector<float>>()));
    }
}

TEST(DetectNetImage, IsResizedAsByOpenCv) {
    for (const auto& one : oracle()["resized"]) {
        const auto resized = resize_cubic(image_of(one), one["to_width"], one["to_height"]);
        EXPECT_THAT(resized.values,
                    testing::Pointwise(testing::FloatNear(2e-6F), one["result"].get<std::vector<float>>()));
    }
}

TEST(DetectNetImage, IsRotatedAsByOpenCv) {
    for (const auto& one : oracle()["rotated"]) {
        const Rotation rotation(one["width"], one["height"], one["degrees"]);
        ASSERT_EQ(rotation.width(), one["to_width"]);
        ASSERT_EQ(rotation.height(), one["to_height"]);
        float x = 3, y = 2;
        rotation.move(x, y);
        EXPECT_NEAR(x, one["moved"][0].get<float>(), 1e-4);
        EXPECT_NEAR(y, one["moved"][1].get<float>(), 1e-4);
        const auto rotated = rotation.apply(image_of(one));
        const auto expected = one["result"].get<std::vector<float>>();
        std::size_t compared = 0;
        for (std::size_t i = 0; i < expected.size(); ++i) {
            // At the edge OpenCV also writes where a sample lies outside by less than it can tell.
            if (rotated.values[i] == 0 || expected[i] == 0) continue;
            EXPECT_NEAR(rotated.values[i], expected[i], 0.01);
            ++compared;
        }
        EXPECT_GT(compared, expected.size() / 3);
    }
}

std::unique_ptr<Net> net_of(const std::string& text, caffe::Phase phase) {
    caffe::NetParameter definition;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &definition)) << text;
    NetOptions options;
    options.state.set_phase(phase);
    auto net = Net::create(definition, options);
    EXPECT_TRUE(net) << net.error().to_string();
    return net ? std::move(*net) : nullptr;
}

/// A table of boxes x, y, width, height, class.
at::Tensor table_of(const std::vector<std::array<float, 5>>& boxes, std::int64_t most) {
    const at::Tensor table = at::zeros({1, 1, most + 1, 16});
    auto rows = table.accessor<float, 4>();
    rows[0][0][0][0] = static_cast<float>(boxes.size());
    rows[0][0][0][1] = 16;
    for (std::size_t i = 0; i < boxes.size(); ++i) {
        const auto row = static_cast<std::int64_t>(i) + 1;
        for (std::int64_t k = 0; k < 4; ++k) rows[0][0][row][k] = boxes[i][static_cast<std::size_t>(k)];
        rows[0][0][row][5] = boxes[i][4];
    }
    return table;
}

std::string transformation(int height, int width, const std::string& settings) {
    return fmt::format(R"(
        layer {{ name: "in" type: "Input" top: "images" top: "boxes"
                 input_param {{ shape {{ dim: 1 dim: 3 dim: {} dim: {} }} shape {{ dim: 1 dim: 1 dim: 4 dim: 16 }} }} }}
        layer {{ name: "transform" type: "DetectNetTransformation" bottom: "images" bottom: "boxes" top: "data" top: "label"
                 {} }})",
                       height, width, settings);
}

void forward(Net& net, const at::Tensor& images, const at::Tensor& boxes) {
    ASSERT_TRUE(guarded([&] {
        net.find_blob("images")->set_data(images);
        net.find_blob("boxes")->set_data(boxes);
    }));
    const auto loss = net.forward();
    ASSERT_TRUE(loss) << loss.error().to_string();
}

constexpr const char* kGrid =
    R"(detectnet_groundtruth_param { stride: 8 scale_cvg: 0.5 gridbox_type: GRIDBOX_MIN min_cvg_len: 4
    image_size_x: 32 image_size_y: 24 object_class { src: 1 dst: 0 } object_class { src: 8 dst: 1 } })";

TEST(DetectNetTransformation, DrawsTheGroundTruth) {
    const auto net = net_of(transformation(24, 32, kGrid), caffe::TEST);
    ASSERT_TRUE(net);
    // Class 1 covers 9 to 15 x 4 to 12 by its inner half; class 5 counts for nothing.
    forward(*net, at::zeros({1, 3, 24, 32}), table_of({{6, 0, 12, 16, 1}, {0, 0, 30, 20, 5}, {24, 16, 20, 4, 8}}, 3));
    const at::Tensor label = net->find_blob("label")->data();
    ASSERT_EQ(label.sizes(), (at::IntArrayRef{1, 10, 3, 4}));
    const auto at = [&](int plane, int row, int column) { return label[0][plane][row][column].item<float>(); };
    for (int row = 0; row < 3; ++row)
        for (int column = 0; column < 4; ++column) {
            const bool first = column == 1 && row < 2, second = column == 3 && row == 2;
            EXPECT_EQ(at(0, row, column), first || second) << row << ", " << column;
            EXPECT_EQ(at(8, row, column), first) << row << ", " << column;
            EXPECT_EQ(at(9, row, column), second) << row << ", " << column;
        }
    // Edges from the corner (8, 8) of the cell.
    const float expected[] = {1, -2, -8, 10, 8, 1.0F / 12, 1.0F / 16, 64.0F / 48, 1, 0};
    for (int plane = 0; plane < 10; ++plane) EXPECT_FLOAT_EQ(at(plane, 1, 1), expected[plane]) << plane;
    // Cut to the image, the second one is 8 wide; its height stays 4, since that is the least (min_cvg_len).
    const float cut[] = {1, 0, 0, 8, 4, 1.0F / 8, 1.0F / 4, 64.0F / 16, 0, 1};
    for (int plane = 0; plane < 10; ++plane) EXPECT_FLOAT_EQ(at(plane, 2, 3), cut[plane]) << plane;
}

TEST(DetectNetTransformation, ResizesInATestAndSubtractsTheMean) {
    const auto net =
        net_of(transformation(12, 16,
                              std::string("transform_param { mean_value: 10 mean_value: 20 mean_value: 30 } ") + kGrid),
               caffe::TEST);
    ASSERT_TRUE(net);
    forward(*net, at::full({1, 3, 12, 16}, 100.0), table_of({{3, 0, 6, 8, 1}}, 3));
    const at::Tensor data = net->find_blob("data")->data();
    ASSERT_EQ(data.sizes(), (at::IntArrayRef{1, 3, 24, 32}));
    for (int channel = 0; channel < 3; ++channel)
        EXPECT_TRUE(at::allclose(data[0][channel], at::full({24, 32}, 90.0 - 10 * channel), 1e-5, 1e-4));
    const at::Tensor label = net->find_blob("label")->data();
    EXPECT_FLOAT_EQ(label[0][1][1][1].item<float>(), -2) << "the box is twice as large";
    EXPECT_FLOAT_EQ(label[0][5][1][1].item<float>(), 1.0F / 12);
}

TEST(DetectNetTransformation, MovesBoxesWithTheirImages) {
    const std::string settings =
        std::string(R"(detectnet_augmentation_param { crop_prob: 0.7 shift_x: 6 shift_y: 6 flip_prob: 0.5
        scale_prob: 0.6 scale_min: 0.8 scale_max: 1.3 rotation_prob: 0 hue_rotation_prob: 0.5 desaturation_prob: 0.5 } )") +
        R"(detectnet_groundtruth_param { stride: 8 scale_cvg: 0.5 gridbox_type: GRIDBOX_MIN min_cvg_len: 4
        image_size_x: 64 image_size_y: 64 })";
    const auto net = net_of(transformation(60, 72, settings), caffe::TRAIN);
    ASSERT_TRUE(net);
    // A white rectangle on black, well inside.
    const at::Tensor image = at::zeros({1, 3, 60, 72});
    image.slice(2, 24, 40).slice(3, 22, 44).fill_(255);
    const at::Tensor table = table_of({{22, 24, 22, 16, 1}}, 3);
    std::set<float> lefts;
    at::Tensor first;
    for (int pass = 0; pass < 30; ++pass) {
        SCOPED_TRACE(pass);
        net->set_pass(pass);
        forward(*net, image, table);
        if (pass == 0) first = net->find_blob("data")->data().clone();
        const at::Tensor white = net->find_blob("data")->data()[0].mean(0) > 100;
        const at::Tensor label = net->find_blob("label")->data()[0];
        const at::Tensor cell = label[0].nonzero()[0];
        const auto row = cell[0].item<std::int64_t>(), column = cell[1].item<std::int64_t>();
        const auto edge = [&](int plane, std::int64_t corner) {
            return label[plane][row][column].item<float>() + static_cast<float>(corner * 8);
        };
        const at::Tensor columns = white.any(0).nonzero(), rows = white.any(1).nonzero();
        EXPECT_NEAR(edge(1, column), columns.min().item<float>(), 2);
        EXPECT_NEAR(edge(2, row), rows.min().item<float>(), 2);
        EXPECT_NEAR(edge(3, column), columns.max().item<float>() + 1, 2);
        EXPECT_NEAR(edge(4, row), rows.max().item<float>() + 1, 2);
        lefts.insert(edge(1, column));
    }
    EXPECT_GT(lefts.size(), 15U) << "the images vary";
    net->set_pass(0);
    forward(*net, image, table);
    EXPECT_TRUE(at::equal(net->find_blob("data")->data(), first)) << "the same numbers in the same pass";
}

TEST(DetectNetTransformation, SaysWhatIsWrongWithATable) {
    const auto net = net_of(transformation(24, 32, kGrid), caffe::TEST);
    ASSERT_TRUE(net);
    ASSERT_TRUE(guarded([&] { net->find_blob("boxes")->set_data(at::full({1, 1, 4, 16}, 9.0)); }));
    const auto loss = net->forward();
    ASSERT_FALSE(loss);
    EXPECT_THAT(loss.error().to_string(), testing::HasSubstr("[transform] the labels of an image need a header"));
}

std::string python(const std::string& name, const std::string& module, const std::string& bottoms,
                   const std::string& tops, const std::string& param_str) {
    return "layer { name: \"" + name + "\" type: \"Python\" " + bottoms + tops +
           " python_param { module: \"caffe.layers.detectnet." + module + "\" layer: \"" + name + "\" param_str: \"" +
           param_str + "\" } }\n";
}

TEST(DetectNetLists, FindTheBoxesOfTheGroundTruth) {
    // The ground truth of an image as the network's answer, too: each cell of an object proposes its box.
    const std::string text =
        transformation(
            96, 128, R"(detectnet_groundtruth_param { stride: 8 scale_cvg: 0.8 gridbox_type: GRIDBOX_MIN min_cvg_len: 4
                       image_size_x: 128 image_size_y: 96 })") +
        R"(layer { name: "slice" type: "Slice" bottom: "label" top: "foreground" top: "box" top: "rest" top: "coverage"
                   slice_param { slice_point: 1 slice_point: 5 slice_point: 8 } })" +
        python("ClusterGroundtruth", "clustering", "bottom: \"coverage\" bottom: \"box\" ", "top: \"truth\"",
               "128,96,8") +
        python("ClusterDetections", "clustering", "bottom: \"coverage\" bottom: \"box\" ", "top: \"found\"",
               "128, 96, 8, 0.6, 2, 0.02, 20") +
        python("ScoreDetections", "mean_ap", "bottom: \"truth\" bottom: \"found\" ", "top: \"scored\"", "") +
        python("mAP", "mean_ap", "bottom: \"scored\" ", "top: \"mAP\" top: \"precision\" top: \"recall\"", "");
    const auto net = net_of(text, caffe::TEST);
    ASSERT_TRUE(net);
    forward(*net, at::zeros({1, 3, 96, 128}),
            table_of({{10, 20, 40, 30, 1}, {70, 5, 30, 60, 1}, {60, 80, 20, 10, 1}}, 3));
    const at::Tensor truth = net->find_blob("truth")->data(), found = net->find_blob("found")->data();
    ASSERT_EQ(truth.sizes(), (at::IntArrayRef{1, 50, 5}));
    EXPECT_EQ((truth.select(2, 2) > 0).sum().item<std::int64_t>(), 3);
    EXPECT_EQ((found.select(2, 2) > 0).sum().item<std::int64_t>(), 2) << "the third is lower than 20 pixels";
    // 5 cells of 8 pixels touch 14 to 46, 4 touch 23 to 47.
    const at::Tensor row = found[0][1];
    EXPECT_TRUE(at::equal(row.slice(0, 0, 4), at::tensor({10.0F, 20.0F, 50.0F, 50.0F}))) << row;
    EXPECT_NEAR(row[4].item<float>(), std::log(20.0F), 2e-3);
    // Two of three are found, and nothing else.
    EXPECT_FLOAT_EQ(scalar_value(*net->find_blob("precision")), 100);
    EXPECT_FLOAT_EQ(scalar_value(*net->find_blob("recall")), 200.0F / 3);
    EXPECT_FLOAT_EQ(scalar_value(*net->find_blob("mAP")), 200.0F / 3);
    const at::Tensor scores = net->find_blob("scored")->data()[0].select(1, 4);
    EXPECT_TRUE(at::equal(scores.slice(0, 0, 4), at::tensor({1.0F, 1.0F, 3.0F, 0.0F}))) << scores;
    const auto why = [&] { return dynamic_cast<const ExplainsZero&>(*net->layers().back()).explain_zero(0, {}); };
    EXPECT_EQ(why(), "");
    // An object of 20 x 10 pixels is lower than what ClusterDetections keeps.
    net->begin_set();
    forward(*net, at::zeros({1, 3, 96, 128}), table_of({{60, 80, 20, 10, 1}}, 3));
    EXPECT_THAT(why(), testing::HasSubstr("nothing is detected in images with 1 objects"));
}

TEST(DetectNetLists, RefuseAParamStrThatDoesNotFit) {
    caffe::NetParameter definition;
    const std::string text =
        "layer { name: \"in\" type: \"Input\" top: \"c\" top: \"b\" input_param { shape { dim: 1 dim: 1 dim: 4 dim: 4 "
        "} "
        "shape { dim: 1 dim: 4 dim: 4 dim: 4 } } }" +
        python("ClusterGroundtruth", "clustering", "bottom: \"c\" bottom: \"b\" ", "top: \"t\"", "32, 32");
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &definition));
    const auto net = Net::create(definition, {});
    ASSERT_FALSE(net);
    EXPECT_THAT(net.error().to_string(),
                testing::HasSubstr("param_str needs 3 to 5 numbers (image width, image height, stride"));
}

/// networks/detectnet.prototxt for images of 160 x 96, with Inputs in place of the databases.
caffe::NetParameter small_detectnet(const std::string& stage, caffe::Phase phase) {
    auto whole = *read_net_file(std::string(DIGITS_SOURCE_DIR) + "/networks/detectnet.prototxt");
    caffe::NetState state;
    state.set_phase(phase);
    state.add_stage(stage);
    auto net = *filter_net(whole, state);
    for (auto& layer : *net.mutable_layer()) {
        if (layer.type() == "Data") {
            const bool images = layer.top(0) == "raw_data";
            layer.set_type("Input");
            layer.set_top(0, images ? "images" : "boxes");
            auto& shape = *layer.mutable_input_param()->add_shape();
            const Shape dims = images ? Shape{1, 3, 96, 160} : Shape{1, 1, 4, 16};
            for (const auto dim : dims) shape.add_dim(dim);
        } else if (layer.type() == "DetectNetTransformation") {
            layer.set_bottom(0, "images");
            layer.set_bottom(1, "boxes");
            auto& truth = *layer.mutable_detectnet_groundtruth_param();
            truth.set_image_size_x(160);
            truth.set_image_size_y(96);
        } else if (layer.type() == "Python" && layer.python_param().has_param_str()) {
            std::string text = layer.python_param().param_str();
            text.replace(0, std::string("1248, 384").size(), "160, 96");
            layer.mutable_python_param()->set_param_str(text);
        }
    }
    return net;
}

TEST(DetectNet, LearnsWhereAnObjectIs) {
    caffe::SolverParameter parameter;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
        "base_lr: 0.0005 lr_policy: \"fixed\" type: \"Adam\" momentum: 0.9 random_seed: 5", &parameter));
    *parameter.mutable_net_param() = small_detectnet("train", caffe::TRAIN);
    SolverOptions options;
    options.with_test_nets = false;
    auto solver = Solver::create(parameter, options);
    ASSERT_TRUE(solver) << solver.error().to_string();
    at::Tensor image = at::full({1, 3, 96, 160}, 90.0);
    image.slice(2, 30, 70).slice(3, 60, 120).fill_(220);
    const at::Tensor table = table_of({{60, 30, 60, 40, 1}}, 3);
    const auto put = [&](Net& net) -> Status {
        return guarded([&] {
            net.find_blob("images")->set_data(image);
            net.find_blob("boxes")->set_data(table);
        });
    };
    std::vector<float> losses;
    for (int i = 0; i < 16; ++i) {
        const auto loss = (*solver)->step(put);
        ASSERT_TRUE(loss) << loss.error().to_string();
        losses.push_back(*loss);
    }
    const auto mean = [&](std::size_t first) { return (losses[first] + losses[first + 1] + losses[first + 2]) / 3; };
    EXPECT_LT(mean(13), 0.7F * mean(0)) << "it does not learn";

    NetOptions val;
    val.state.set_phase(caffe::TEST);
    val.state.add_stage("val");
    auto test = Net::create(small_detectnet("val", caffe::TEST), val);
    ASSERT_TRUE(test) << test.error().to_string();
    ASSERT_TRUE((*test)->share_weights((*solver)->net()));
    forward(**test, image, table);
    for (const char* name : {"mAP", "precision", "recall"}) {
        const float value = scalar_value(*(*test)->find_blob(name));
        EXPECT_TRUE(value >= 0 && value <= 100) << name << " " << value;
    }
}

}  // namespace
}  // namespace digits
