#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <map>

#include "engine/guard.hpp"
#include "engine/net.hpp"

// Numbers of single layers that neither the golden cases nor central differences can tell: worked out by hand, or
// against the same layers with blobs of their own.
namespace digits {
namespace {

using Inputs = std::map<std::string, at::Tensor>;

/// A forward and a backward pass.
std::unique_ptr<Net> run(const std::string& layers, const Inputs& inputs) {
    caffe::NetParameter definition;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString("force_backward: true " + layers, &definition));
    NetOptions options;
    options.state.set_phase(caffe::TRAIN);
    auto net = Net::create(definition, options);
    EXPECT_TRUE(net) << (net ? "" : net.error().to_string());
    if (!net) return nullptr;
    EXPECT_TRUE(guarded([&] {
        for (const auto& [name, values] : inputs) (*net)->find_blob(name)->set_data(values.clone());
    }));
    EXPECT_TRUE((*net)->forward());
    EXPECT_TRUE((*net)->backward());
    return std::move(*net);
}

/// Input layers for blobs of these shapes.
std::string inputs_of(const Inputs& inputs) {
    std::string text;
    for (const auto& [name, values] : inputs) {
        text += "layer { name: \"in_" + name + "\" type: \"Input\" top: \"" + name + "\" input_param { shape {";
        for (const auto dim : values.sizes()) text += " dim: " + std::to_string(dim);
        text += " } } }\n";
    }
    return text;
}

at::Tensor some_values(at::IntArrayRef sizes) {
    auto generator = at::globalContext().defaultGenerator(at::kCPU).clone();
    generator.set_current_seed(3);
    return at::randn(sizes, generator);
}

/// The layers' gradients must be the same whether a ReLU behind their top "y" works in place or not.
void expect_same_before_work_in_place(const std::string& layers, const Inputs& inputs) {
    const auto net = [&](const std::string& top) {
        return run(inputs_of(inputs) + layers + R"(layer { name: "relu" type: "ReLU" bottom: "y" top: ")" + top +
                       R"(" } layer { name: "loss" type: "Reduction" bottom: ")" + top +
                       R"(" top: "loss" loss_weight: 1 reduction_param { operation: SUMSQ } })",
                   inputs);
    };
    const auto in_place = net("y"), apart = net("z");
    ASSERT_TRUE(in_place && apart);
    EXPECT_TRUE(at::allclose(in_place->find_blob("x")->diff(), apart->find_blob("x")->diff(), 1e-5, 1e-6));
    EXPECT_TRUE(at::equal(in_place->find_blob("x")->data(), apart->find_blob("x")->data()));
    const auto &got = in_place->learnable_parameters(), &want = apart->learnable_parameters();
    for (std::size_t i = 0; i < want.size(); ++i)
        EXPECT_TRUE(at::allclose(got[i].blob->diff(), want[i].blob->diff(), 1e-5, 1e-6)) << i;
}

TEST(RNN, IsNotSpoiltByWorkInPlaceOnItsTop) {
    expect_same_before_work_in_place(R"(layer { name: "rnn" type: "RNN" bottom: "x" bottom: "cont" top: "y"
        recurrent_param { num_output: 3 weight_filler { type: "uniform" min: -1 } bias_filler { type: "uniform" } } })",
                                     {{"x", some_values({3, 2, 4})}, {"cont", at::ones({3, 2})}});
}

TEST(LRN, WithinAChannelIsNotSpoiltByWorkInPlaceOnItsTop) {
    expect_same_before_work_in_place(R"(layer { name: "norm" type: "LRN" bottom: "x" top: "y"
        lrn_param { local_size: 3 alpha: 2 norm_region: WITHIN_CHANNEL } })",
                                     {{"x", some_values({1, 2, 3, 4})}});
}

TEST(Crop, OfEverythingHasMemoryOfItsOwn) {
    const Inputs inputs{{"x", some_values({1, 2, 3, 3})}, {"size", at::zeros({1, 2, 3, 3})}};
    expect_same_before_work_in_place(R"(layer { name: "crop" type: "Crop" bottom: "x" bottom: "size" top: "y" })",
                                     inputs);
}

}  // namespace
}  // namespace digits
