#include "engine/net/views.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "engine/guard.hpp"
#include "engine/net/net.hpp"

// Work in place: where it is refused, and what the blobs show that share memory.
namespace digits {
namespace {

Result<std::unique_ptr<Net>> net_of(const std::string& text) {
    caffe::NetParameter definition;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &definition)) << text;
    NetOptions options;
    options.state.set_phase(caffe::TRAIN);
    return Net::create(definition, options);
}

const std::string kInput = R"(
    force_backward: true
    layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 4 } } }
)";
const std::string kLoss = R"( layer { name: "loss" type: "Reduction" bottom: "y" top: "loss" loss_weight: 1
                                      reduction_param { operation: SUMSQ } } )";

/// A forward and a backward pass over the same random numbers.
std::unique_ptr<Net> run(const std::string& layers) {
    auto net = net_of(kInput + layers + kLoss);
    EXPECT_TRUE(net) << net.error().to_string();
    if (!net) return nullptr;
    EXPECT_TRUE(guarded([&] {
        at::manual_seed(5);
        Blob& data = *(*net)->find_blob("data");
        data.set_data(at::randn(data.shape()));
        for (const auto& parameter : (*net)->learnable_parameters())
            parameter.blob->set_data(at::randn(parameter.blob->shape()));
    }));
    EXPECT_TRUE((*net)->forward());
    EXPECT_TRUE((*net)->backward());
    return std::move(*net);
}

void expect_equal(const at::Tensor& got, const at::Tensor& want) {
    EXPECT_TRUE(at::allclose(got, want, 1e-5, 1e-6)) << got << "\nexpected\n" << want;
}

std::string layer(const std::string& type, const std::string& bottom, const std::string& top,
                  const std::string& rest = "") {
    return "layer { name: \"" + type + "_" + top + "\" type: \"" + type + "\" bottom: \"" + bottom + "\" top: \"" +
           top + "\" " + rest + " }\n";
}

TEST(InPlace, IsRefusedWhereTheGradientWouldBeWrong) {
    const std::pair<std::string, std::string> refused[] = {
        {"AbsVal", ""},
        {"Convolution", "convolution_param { num_output: 3 kernel_size: 1 }"},
        {"InnerProduct", "inner_product_param { num_output: 4 axis: 2 }"},
        {"LRN", ""},
        {"Eltwise", "bottom: \"data\" eltwise_param { operation: PROD }"},
        {"Reshape", "reshape_param { shape { dim: 0 dim: 0 dim: 0 } }"},
        {"Concat", ""}};
    for (const auto& [type, rest] : refused) {
        SCOPED_TRACE(type);
        const auto net =
            net_of(kInput + layer("Power", "data", "y") + layer(type, "y", "y", rest) + layer("Power", "y", "z"));
        ASSERT_FALSE(net);
        EXPECT_EQ(net.error().code, ErrorCode::kInvalidArgument);
        EXPECT_THAT(net.error().to_string(), testing::HasSubstr("[" + type + "_y] a layer of type " + type +
                                                                " cannot work in place: give its top another name"));
    }
}

TEST(InPlace, SumsAndMaximaAreRight) {
    for (const std::string operation : {"SUM", "MAX"}) {
        const std::string rest = "bottom: \"b\" eltwise_param { operation: " + operation + " }";
        const std::string start =
            layer("Power", "data", "a", "power_param { scale: -1 shift: 0.5 }") + layer("TanH", "data", "b", "");
        const auto in_place = run(start + layer("Eltwise", "a", "a", rest) + layer("Power", "a", "y"));
        const auto apart = run(start + layer("Eltwise", "a", "sum", rest) + layer("Power", "sum", "y"));
        expect_equal(in_place->find_blob("y")->data(), apart->find_blob("y")->data());
        expect_equal(in_place->find_blob("data")->diff(), apart->find_blob("data")->diff());
    }
}

TEST(Views, ShowWhatIsWrittenInPlaceAsInCaffe) {
    for (const std::string type : {"ReLU", "PReLU", "BatchNorm"}) {
        SCOPED_TRACE(type);
        const auto net =
            run(layer("Bias", "data", "a") + layer("Reshape", "a", "b", "reshape_param { shape { dim: 0 dim: -1 } }") +
                layer("Flatten", "b", "y") + layer(type, "y", "y"));
        const at::Tensor y = net->find_blob("y")->data();
        expect_equal(net->find_blob("a")->data(), y.view({2, 3, 4}));
        expect_equal(net->find_blob("b")->data(), y);
    }
}

/// A layer in place behind a view, and the same with a top of its own: equal values in the other branch, equal
/// gradients. `end` reads what the layer made as OUT.
void expect_untouched(const std::string& start, const std::string& type, const std::string& end) {
    const auto with = [&](const std::string& out) {
        std::string rest = end;
        for (std::size_t at = 0; (at = rest.find("OUT")) != std::string::npos;) rest.replace(at, 3, out);
        return run(start + layer(type, "v", out) + rest);
    };
    const auto got = with("v"), want = with("w");
    expect_equal(got->find_blob("y")->data(), want->find_blob("y")->data());
    expect_equal(got->find_blob("data")->diff(), want->find_blob("data")->diff());
    for (std::size_t i = 0; i < want->learnable_parameters().size(); ++i)
        expect_equal(got->learnable_parameters()[i].blob->diff(), want->learnable_parameters()[i].blob->diff());
}

TEST(Views, LeaveOtherReadersTheirValues) {
    const std::string view = layer("Reshape", "data", "v", "reshape_param { shape { dim: 0 dim: -1 } }");
    const std::string product = layer("InnerProduct", "data", "f", "inner_product_param { num_output: 12 }");
    const std::string sum = layer("Eltwise", "OUT", "y", "bottom: \"f\"");
    {
        SCOPED_TRACE("another one reads before, whose gradient needs the values");
        expect_untouched(product + view, "ReLU", sum);
    }
    {
        SCOPED_TRACE("another one reads behind");
        expect_untouched(view, "Sigmoid", product + sum);
    }
    {
        SCOPED_TRACE("the gradient of the layer before needs its top");
        expect_untouched(layer("TanH", "data", "t") + layer("Flatten", "t", "v"), "Bias", layer("Power", "OUT", "y"));
    }
    {
        SCOPED_TRACE("a Split that the network itself has");
        expect_untouched("layer { name: \"split\" type: \"Split\" bottom: \"data\" top: \"v\" top: \"f\" }\n", "ReLU",
                         sum);
    }
}

TEST(BatchNormOfAnInput, HasItsGradientAtTheTop) {
    const std::string rest = layer("Power", "n", "y", "power_param { scale: 2 }") + kLoss;
    auto net = net_of(kInput.substr(kInput.find("layer")) + layer("BatchNorm", "data", "n") + rest);
    ASSERT_TRUE(net) << net.error().to_string();
    Blob& data = *(*net)->find_blob("data");
    ASSERT_TRUE(guarded([&] { data.set_data(at::randn(data.shape())); }));
    ASSERT_TRUE((*net)->forward());
    ASSERT_TRUE((*net)->backward());
    // d/dn of Σ (2 n)²
    ASSERT_TRUE((*net)->find_blob("n")->has_diff());
    expect_equal((*net)->find_blob("n")->diff(), 8 * (*net)->find_blob("n")->data());
}

}  // namespace
}  // namespace digits
