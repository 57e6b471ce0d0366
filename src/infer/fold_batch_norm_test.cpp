#include "infer/fold_batch_norm.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "caffe/prototxt.hpp"
#include "engine/guard.hpp"
#include "engine/net/net.hpp"

namespace digits {
namespace {

constexpr std::string_view kInput =
    R"(layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 4 dim: 6 dim: 6 } } } )";

std::string convolution(const char* name, const char* bottom, const char* more = "") {
    return fmt::format(R"(layer {{ name: "{0}" type: "Convolution" bottom: "{1}" top: "{0}" convolution_param {{
        num_output: 4 kernel_size: 3 pad: 1 weight_filler {{ type: "gaussian" std: 0.3 }} {2} }} }} )",
                       name, bottom, more);
}
std::string batch_norm(const char* bottom, const char* top, const char* more = "") {
    return fmt::format(R"(layer {{ name: "{1}_bn" type: "BatchNorm" bottom: "{0}" top: "{1}" {2} }} )", bottom, top,
                       more);
}
std::string scale(const char* blob, const char* more = "bias_term: true") {
    return fmt::format(R"(layer {{ name: "{0}_scale" type: "Scale" bottom: "{0}" top: "{0}" scale_param {{ {1} }} }} )",
                       blob, more);
}

std::unique_ptr<Net> net_of(const caffe::NetParameter& definition) {
    NetOptions options;
    options.state.set_phase(caffe::TEST);
    auto net = Net::create(definition, options);
    EXPECT_TRUE(net) << net.error().to_string();
    return std::move(*net);
}

/// How many layers are folded; the outputs stay what they were.
int folded(const std::string& layers) {
    auto definition = *parse_net_text(std::string(kInput) + layers, "net");
    const auto net = net_of(definition);
    EXPECT_TRUE(guarded([&] {
        for (const auto& layer : net->layers())
            for (std::size_t i = 0; i < layer->blobs().size(); ++i)
                if (layer->parameter().type() == "BatchNorm" || layer->parameter().type() == "Scale")
                    layer->blobs()[i]->set_data(at::rand(layer->blobs()[i]->shape()) + 0.5);
    }));
    const auto folded = fold_batch_norm(definition, net->to_proto());
    const auto short_net = net_of(folded.definition);
    EXPECT_TRUE(short_net->copy_weights(folded.weights));
    const at::Tensor images = at::rand({2, 4, 6, 6});
    for (const auto* one : {net.get(), short_net.get()}) {
        EXPECT_TRUE(guarded([&] { one->find_blob("data")->set_data(images.clone()); }));
        EXPECT_TRUE(const_cast<Net*>(one)->forward());
    }
    EXPECT_EQ(net->outputs(), short_net->outputs());
    for (const auto& name : net->outputs())
        EXPECT_TRUE(at::allclose(net->find_blob(name)->data(), short_net->find_blob(name)->data(), 1e-4, 1e-4)) << name;
    EXPECT_EQ(folded.definition.layer_size() + folded.folded, definition.layer_size());
    return folded.folded;
}

TEST(FoldBatchNorm, IntoTheLayerBefore) {
    const std::string relu = R"(layer { name: "relu" type: "ReLU" bottom: "one" top: "one" } )";
    EXPECT_EQ(folded(convolution("one", "data", "bias_term: false") + batch_norm("one", "one") + scale("one") + relu),
              2);
    EXPECT_EQ(folded(convolution("one", "data", "group: 2") + batch_norm("one", "one")), 1) << "with a bias";
    EXPECT_EQ(folded(convolution("one", "data") + batch_norm("one", "two") + scale("two", "")), 2) << "not in place";
    EXPECT_EQ(folded(R"(layer { name: "one" type: "InnerProduct" bottom: "data" top: "one" inner_product_param {
                        num_output: 3 weight_filler { type: "xavier" } } } )" +
                     batch_norm("one", "one") + scale("one")),
              2);
    EXPECT_EQ(folded(convolution("one", "data") + batch_norm("one", "one") + relu + convolution("two", "one") +
                     batch_norm("two", "two")),
              2);
}

TEST(FoldBatchNorm, LeavesWhatOthersRead) {
    EXPECT_EQ(folded(convolution("one", "data") + batch_norm("one", "two") + convolution("three", "one")), 0);
    EXPECT_EQ(folded(batch_norm("data", "one")), 0) << "nothing before it takes it";
    EXPECT_EQ(
        folded(convolution("one", "data") + batch_norm("one", "one", "batch_norm_param { use_global_stats: false }")),
        0)
        << "statistics of the batch";
    EXPECT_EQ(folded(R"(layer { name: "one" type: "ReLU" bottom: "data" top: "one" } )" + scale("one")), 0);
}

}  // namespace
}  // namespace digits
