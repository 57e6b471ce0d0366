#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "caffe/net_state.hpp"
#include "caffe/prototxt.hpp"
#include "engine/guard.hpp"
#include "engine/net/net.hpp"
#include "engine/verify/bench.hpp"

namespace digits {
namespace {

std::filesystem::path network_file(const std::string& name) {
    return std::filesystem::path(DIGITS_SOURCE_DIR) / "networks" / (name + ".prototxt");
}

std::int64_t count_weights(const Net& net) {
    std::int64_t count = 0;
    for (const auto& parameter : net.learnable_parameters())
        if (parameter.lr_mult != 0) count += parameter.blob->count();
    return count;
}

/// A forward and a backward pass on random numbers: a loss that is a number, and a gradient for every matrix of
/// weights.
void train_once(Net& net, std::int64_t classes) {
    ASSERT_TRUE(guarded([&] {
        at::manual_seed(1);
        for (const auto& name : net.inputs()) {
            Blob& blob = *net.find_blob(name);
            const bool labels = name == "label";
            blob.set_data(labels ? at::randint(classes, blob.shape(), at::kFloat) : at::rand(blob.shape()));
        }
    }));
    const auto loss = net.forward();
    ASSERT_TRUE(loss) << loss.error().to_string();
    EXPECT_TRUE(std::isfinite(*loss)) << *loss;
    EXPECT_GT(*loss, 0);
    const auto back = net.backward();
    ASSERT_TRUE(back) << back.error().to_string();
    ASSERT_TRUE(guarded([&] {
        for (const auto& parameter : net.learnable_parameters()) {
            if (parameter.lr_mult == 0) continue;
            EXPECT_TRUE(parameter.blob->diff().isfinite().all().item<bool>()) << parameter.layer;
            // A bias in both branches of a siamese network cancels itself out.
            if (parameter.blob->axis_count() > 1) {
                EXPECT_GT(parameter.blob->diff().abs().max().item<float>(), 0) << parameter.layer;
            }
        }
    }));
}

struct Classifier {
    std::string name;
    std::array<std::int64_t, 3> shape;
    std::int64_t classes;
    std::int64_t weights;  ///< as published, with this many classes
    friend void PrintTo(const Classifier& self, std::ostream* out) { *out << self.name; }
};

class StandardNetworkTest : public testing::TestWithParam<Classifier> {};

TEST_P(StandardNetworkTest, HasThePublishedWeightsAndLearns) {
    BenchOptions options;
    options.net = network_file(GetParam().name);
    // BatchNorm over one value a channel would leave nothing.
    options.batch = 2;
    options.shape = GetParam().shape;
    options.classes = GetParam().classes;
    const auto definition = bench_net(options);
    ASSERT_TRUE(definition) << definition.error().to_string();
    NetOptions net_options;
    net_options.state.set_phase(caffe::TRAIN);
    net_options.state.add_stage("train");
    const auto net = Net::create(*definition, net_options);
    ASSERT_TRUE(net) << net.error().to_string();
    EXPECT_EQ(count_weights(**net), GetParam().weights);
    train_once(**net, options.classes);
}

INSTANTIATE_TEST_SUITE_P(Networks, StandardNetworkTest,
                         testing::Values(Classifier{"lenet", {1, 28, 28}, 10, 431'080},
                                         Classifier{"alexnet", {3, 227, 227}, 1000, 60'965'224},
                                         Classifier{"googlenet", {3, 224, 224}, 1000, 13'378'280},
                                         Classifier{"vgg16", {3, 224, 224}, 1000, 138'357'544},
                                         Classifier{"resnet18", {3, 224, 224}, 1000, 11'689'512},
                                         Classifier{"resnet50", {3, 224, 224}, 1000, 25'557'032},
                                         Classifier{"squeezenet", {3, 227, 227}, 1000, 1'235'496},
                                         Classifier{"mobilenetv2", {3, 224, 224}, 1000, 3'504'872},
                                         Classifier{"efficientnet_lite0", {3, 224, 224}, 1000, 4'652'008},
                                         Classifier{"efficientnet_lite1", {3, 240, 240}, 1000, 5'416'680}),
                         [](const auto& test) { return test.param.name; });

/// What the rules fill in for a dataset of so many classes.
void set_open_outputs(caffe::NetParameter& net, std::uint32_t classes) {
    for (auto& layer : *net.mutable_layer()) {
        const bool stretches = layer.type() == "Deconvolution";
        if (!stretches && layer.type() != "Convolution" && layer.type() != "InnerProduct") continue;
        if (layer.type() == "InnerProduct") {
            auto& product = *layer.mutable_inner_product_param();
            if (!product.has_num_output()) product.set_num_output(classes);
            continue;
        }
        auto& convolution = *layer.mutable_convolution_param();
        if (convolution.has_num_output()) continue;
        convolution.set_num_output(classes);
        if (stretches) convolution.set_group(classes);
    }
}

/// The training layers with Inputs of these shapes in place of the data layers.
Result<std::unique_ptr<Net>> training_net(const std::string& name, const std::map<std::string, Shape>& inputs,
                                          std::int64_t classes) {
    DIGITS_ASSIGN(const auto whole, read_net_file(network_file(name)));
    NetOptions options;
    options.state.set_phase(caffe::TRAIN);
    options.state.add_stage("train");
    DIGITS_ASSIGN(auto net, filter_net(whole, options.state));
    for (auto& layer : *net.mutable_layer()) {
        if (layer.type() != "Data") continue;
        layer.clear_data_param();
        layer.set_type("Input");
        for (const auto& top : layer.top()) {
            auto& shape = *layer.mutable_input_param()->add_shape();
            for (const auto dim : inputs.at(top)) shape.add_dim(dim);
        }
    }
    if (classes > 0) set_open_outputs(net, static_cast<std::uint32_t>(classes));
    return Net::create(net, options);
}

TEST(NetworksOfOtherKinds, Learn) {
    const struct {
        std::string name;
        std::map<std::string, Shape> inputs;
        std::int64_t classes;
    } cases[] = {
        {"fcn_alexnet", {{"data", {1, 3, 100, 120}}, {"label", {1, 1, 100, 120}}}, 21},
        {"segmenter", {{"data", {2, 3, 50, 60}}, {"label", {2, 1, 50, 60}}}, 5},
        {"segmenter_lite0", {{"data", {2, 3, 50, 60}}, {"label", {2, 1, 50, 60}}}, 5},
        {"unet_light", {{"data", {2, 1, 36, 50}}, {"label", {2, 1, 36, 50}}}, 2},
        {"image_to_image", {{"data", {2, 3, 21, 30}}, {"label", {2, 3, 21, 30}}}, 3},
        {"unet", {{"data", {1, 1, 32, 48}}, {"label", {1, 1, 32, 48}}}, 2},
        {"autoencoder", {{"data", {4, 1, 28, 28}}}, 0},
        {"siamese", {{"pair_data", {4, 2, 28, 28}}, {"sim", {4}}}, 0},
    };
    for (const auto& one : cases) {
        SCOPED_TRACE(one.name);
        const auto net = training_net(one.name, one.inputs, one.classes);
        ASSERT_TRUE(net) << net.error().to_string();
        train_once(**net, one.classes);
    }
}

}  // namespace
}  // namespace digits
