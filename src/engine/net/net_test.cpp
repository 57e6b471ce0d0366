#include "engine/net/net.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include "base/file.hpp"
#include "caffe/weights.hpp"
#include "engine/guard.hpp"

namespace digits {
namespace {

std::unique_ptr<Net> net_of(const std::string& text) {
    caffe::NetParameter definition;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &definition)) << text;
    NetOptions options;
    options.state.set_phase(caffe::TRAIN);
    auto net = Net::create(definition, options);
    EXPECT_TRUE(net) << (net ? "" : net.error().to_string());
    return net ? std::move(*net) : nullptr;
}

/// L = (1 + 9) / 2 and, behind it, L² with the weight 1/4.
std::unique_ptr<Net> squared_loss(const std::string& loss_weight) {
    auto net = net_of(R"(force_backward: true
        layer { name: "in" type: "Input" top: "x" top: "t" input_param { shape { dim: 1 dim: 2 } } }
        layer { name: "loss" type: "EuclideanLoss" bottom: "x" bottom: "t" top: "l" )" +
                      loss_weight + R"(}
        layer { name: "square" type: "Power" bottom: "l" top: "square" loss_weight: 0.25 power_param { power: 2 } })");
    EXPECT_TRUE(guarded([&] { net->find_blob("x")->set_data(at::tensor({1.0F, 3.0F}).view({1, 2})); }));
    return net;
}

TEST(Net, AddsUpTheGradientsOfALossThatIsReadAgain) {
    const auto net = squared_loss("loss_weight: 0.5");
    // The weight goes to the first top of the Split layer, and the loss layer has its usual 1 again. That only shows in
    // the sum of losses: L + L / 2 + L² / 4.
    EXPECT_FLOAT_EQ(*net->forward(), 5 + 2.5F + 6.25F);
    ASSERT_TRUE(net->backward());
    // d/dL of L / 2 + L² / 4 is 3.
    EXPECT_FLOAT_EQ(net->find_blob("l")->diff().item<float>(), 3);
    EXPECT_TRUE(at::allclose(net->find_blob("x")->diff(), at::tensor({3.0F, 9.0F}).view({1, 2})));
}

TEST(Net, TakesTheReadersGradientOfALossWithoutAWeight) {
    const auto net = squared_loss("");
    EXPECT_FLOAT_EQ(*net->forward(), 5 + 6.25F);
    for (int pass = 0; pass < 2; ++pass) {
        ASSERT_TRUE(net->backward());
        EXPECT_TRUE(at::allclose(net->find_blob("x")->diff(), at::tensor({2.5F, 7.5F}).view({1, 2})));
    }
}

/// A file of weights as Caffe writes it; each dataset has all values of one parameter.
class Hdf5Weights {
  public:
    explicit Hdf5Weights(const std::filesystem::path& path)
        : file_(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)) {
        H5Gclose(H5Gcreate2(file_, "/data", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    }
    ~Hdf5Weights() { H5Fclose(file_); }
    Hdf5Weights(const Hdf5Weights&) = delete;
    Hdf5Weights& operator=(const Hdf5Weights&) = delete;

    void add_layer(const std::string& name) {
        H5Gclose(H5Gcreate2(file_, ("/data/" + name).c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    }
    void add(const std::string& place, const std::vector<hsize_t>& shape, const std::vector<float>& values) {
        const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
        const hid_t set =
            H5Dcreate2(file_, ("/data/" + place).c_str(), H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        EXPECT_GE(H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
        H5Dclose(set);
        H5Sclose(space);
    }

  private:
    hid_t file_;
};

std::string product(const std::string& name, const std::string& parameters) {
    return "layer { name: \"" + name + "\" type: \"InnerProduct\" bottom: \"x\" top: \"" + name + "\" " + parameters +
           " inner_product_param { num_output: 2 } }\n";
}

TEST(Net, ReadsHdf5WeightsWithoutTheParametersThatAnotherLayerOwns) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "w.caffemodel.h5";
    {
        Hdf5Weights file(path);
        for (const std::string name : {"a", "b", "c"}) file.add_layer(name);
        file.add("a/0", {2, 2}, {1, 2, 3, 4});
        file.add("a/1", {2}, {5, 6});
        file.add("b/1", {2}, {7, 8});
    }
    const auto weights = read_weights(path);
    ASSERT_TRUE(weights) << weights.error().to_string();
    const std::string input = R"(layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } })";
    const std::string weight = "param { name: \"w\" }", both = weight + " param { name: \"v\" }";
    const auto net = net_of(input + product("a", both) + product("b", weight) + product("c", both));
    const auto copied = net->copy_weights(*weights);
    ASSERT_TRUE(copied) << copied.error().to_string();
    const auto blob = [&](const char* layer, std::size_t i) { return net->find_layer(layer)->blobs()[i]->data(); };
    for (const auto* layer : {"a", "b", "c"})
        EXPECT_TRUE(at::equal(blob(layer, 0), at::tensor({1.0F, 2.0F, 3.0F, 4.0F}).view({2, 2}))) << layer;
    EXPECT_TRUE(at::equal(blob("b", 1), at::tensor({7.0F, 8.0F})));
    EXPECT_TRUE(at::equal(blob("c", 1), at::tensor({5.0F, 6.0F})));

    // Without the sharing, b's weight and all of c are missing.
    for (const std::string name : {"b", "c"}) {
        const auto refused = net_of(input + product(name, ""))->copy_weights(*weights);
        ASSERT_FALSE(refused) << name;
        EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
        EXPECT_THAT(refused.error().to_string(), testing::HasSubstr("[" + name + "]"));
    }
}

}  // namespace
}  // namespace digits
