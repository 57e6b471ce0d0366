#include <ATen/ATen.h>
#include <fmt/format.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "engine/guard.hpp"
#include "engine/net/net.hpp"

// Whole networks with our own kernels, where layers take over the work of others behind them and convolutions are done
// by minimal filtering or patch by patch, against libtorch's operations layer by layer: all blobs, gradients and
// parameters.
namespace digits {
namespace {

std::unique_ptr<Net> make_net(const std::string& text, bool generic_kernels, caffe::Phase phase,
                              bool keeps_diffs = true) {
    caffe::NetParameter definition;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &definition));
    NetOptions options;
    options.state.set_phase(phase);
    options.generic_kernels = generic_kernels;
    options.keeps_diffs = keeps_diffs;
    auto net = Net::create(definition, options);
    EXPECT_TRUE(net) << net.error().to_string();
    return net ? std::move(*net) : nullptr;
}

void run(Net& net) {
    ASSERT_TRUE(guarded([&] {
        at::manual_seed(3);
        for (const auto& name : net.inputs()) {
            Blob& blob = *net.find_blob(name);
            blob.set_data(at::randn(blob.shape()));
        }
        for (const auto& parameter : net.learnable_parameters())
            if (parameter.lr_mult != 0) parameter.blob->set_data(at::randn(parameter.blob->shape()) * 0.2);
    }));
    net.clear_parameter_diffs();
    const auto loss = net.forward();
    ASSERT_TRUE(loss) << loss.error().to_string();
    const auto back = net.backward();
    ASSERT_TRUE(back) << back.error().to_string();
}

void expect_close(const at::Tensor& got, const at::Tensor& want, const std::string& what) {
    const double scale = want.abs().max().item<double>(), error = (got - want).abs().max().item<double>();
    EXPECT_LE(error, 2e-5 * scale + 1e-7) << what << ", values up to " << scale;
}

void compare(const std::string& text, caffe::Phase phase = caffe::TRAIN) {
    const auto own = make_net(text, false, phase), generic = make_net(text, true, phase);
    ASSERT_TRUE(own && generic);
    for (int pass = 0; pass < 2; ++pass) {
        run(*own);
        run(*generic);
        for (const auto& name : generic->blob_names()) {
            const Blob &got = *own->find_blob(name), &want = *generic->find_blob(name);
            expect_close(got.data(), want.data(), name);
            ASSERT_EQ(got.has_diff(), want.has_diff()) << name;
            if (want.has_diff()) expect_close(got.diff(), want.diff(), "gradient of " + name);
        }
        for (std::size_t i = 0; i < generic->learnable_parameters().size(); ++i) {
            const auto &got = own->learnable_parameters()[i], &want = generic->learnable_parameters()[i];
            expect_close(got.blob->data(), want.blob->data(), want.layer);
            if (want.lr_mult != 0)
                expect_close(got.blob->diff(), want.blob->diff(), "gradients of layer " + want.layer);
        }
    }
}

std::string input(const std::string& name, const std::string& dims) {
    return "layer { name: \"" + name + "\" type: \"Input\" top: \"" + name + "\" input_param { shape { " + dims +
           " } } }\n";
}
std::string layer(const std::string& name, const std::string& type, const std::string& bottom, const std::string& top,
                  const std::string& rest = "") {
    return "layer { name: \"" + name + "\" type: \"" + type + "\" bottom: \"" + bottom + "\" top: \"" + top + "\" " +
           rest + " }\n";
}
/// Against random numbers, so that every output has its own gradient.
std::string loss(const std::string& bottom, const std::string& dims) {
    return input("aim", dims) + layer("loss", "EuclideanLoss", bottom, "loss", "bottom: \"aim\" loss_weight: 0.01");
}

struct Convolution {
    std::string name, settings;
    int channels, height, width, outputs, out_height, out_width;
    friend void PrintTo(const Convolution& self, std::ostream* out) { *out << self.name; }
};

class ConvolutionOfPlanes : public testing::TestWithParam<Convolution> {};

TEST_P(ConvolutionOfPlanes, IsThatOfLibtorch) {
    const Convolution& one = GetParam();
    const std::string in = fmt::format("dim: 3 dim: {} dim: {} dim: {}", one.channels, one.height, one.width),
                      out = fmt::format("dim: 3 dim: {} dim: {} dim: {}", one.outputs, one.out_height, one.out_width);
    // The first convolution is there for the gradient to the inputs of the second.
    const std::string start =
        input("data", in) +
        layer("first", "Convolution", "data", "first",
              fmt::format("convolution_param {{ num_output: {} kernel_size: 1 bias_term: false }}", one.channels)) +
        layer("second", "Convolution", "first", "second",
              fmt::format("convolution_param {{ num_output: {} {} }}", one.outputs, one.settings));
    compare(start + loss("second", out));
    compare(start + layer("relu", "ReLU", "second", "second") + loss("second", out));
}

INSTANTIATE_TEST_SUITE_P(
    Engine, ConvolutionOfPlanes,
    testing::Values(Convolution{"padded", "kernel_size: 3 pad: 1", 16, 12, 13, 24, 12, 13},
                    Convolution{"unpadded", "kernel_size: 3 bias_term: false", 24, 9, 7, 16, 7, 5},
                    Convolution{"padded_by_two", "kernel_size: 3 pad: 2", 32, 4, 5, 40, 6, 7},
                    Convolution{"padded_unevenly", "kernel_size: 3 pad_h: 0 pad_w: 2", 16, 6, 6, 16, 4, 8},
                    Convolution{"of_five", "kernel_size: 5 pad: 2", 16, 9, 11, 32, 9, 11},
                    Convolution{"in_groups", "kernel_size: 5 pad: 1 group: 2", 32, 8, 9, 48, 6, 7},
                    Convolution{"in_groups_of_three", "kernel_size: 3 pad: 1 group: 2", 48, 13, 13, 32, 13, 13},
                    Convolution{"of_odd_channels", "kernel_size: 5", 20, 12, 12, 50, 8, 8},
                    Convolution{"of_odder_channels", "kernel_size: 3 pad: 1", 19, 9, 10, 37, 9, 10},
                    Convolution{"of_one_tile", "kernel_size: 3", 16, 3, 3, 16, 1, 1},
                    Convolution{"of_many_tiles", "kernel_size: 3 pad: 1", 16, 61, 67, 16, 61, 67},
                    Convolution{"with_stride", "kernel_size: 3 pad: 1 stride: 2", 16, 9, 8, 16, 5, 4},
                    Convolution{"of_pixels", "kernel_size: 1", 20, 7, 6, 10, 7, 6},
                    Convolution{"of_some_pixels", "kernel_size: 1 stride: 2 bias_term: false", 20, 7, 6, 10, 4, 3},
                    Convolution{"few_channels", "kernel_size: 3 pad: 1", 3, 7, 6, 10, 7, 6},
                    Convolution{"few_channels_to_many", "kernel_size: 3 pad: 1", 3, 7, 6, 21, 7, 6},
                    Convolution{"one_channel", "kernel_size: 5 bias_term: false", 1, 28, 28, 20, 24, 24},
                    Convolution{"of_eleven_with_stride", "kernel_size: 11 stride: 4", 3, 35, 31, 24, 7, 6},
                    Convolution{"of_seven_padded", "kernel_size: 7 pad: 3 stride: 2", 2, 13, 14, 40, 7, 7},
                    Convolution{"wide", "kernel_h: 1 kernel_w: 7 pad_h: 0 pad_w: 3", 20, 6, 9, 17, 6, 9},
                    Convolution{"padded_by_more_than_it_sees", "kernel_size: 2 pad: 3 stride: 3", 5, 4, 4, 16, 3, 3}),
    [](const auto& test) { return test.param.name; });

std::string residual_net(const std::string& norm) {
    const std::string convolution = "convolution_param { num_output: 24 kernel_size: 3 pad: 1 bias_term: false }",
                      scale = "scale_param { bias_term: true }";
    return input("data", "dim: 4 dim: 16 dim: 6 dim: 7") + layer("c1", "Convolution", "data", "c1", convolution) +
           layer("n1", "BatchNorm", "c1", "c1", norm) + layer("s1", "Scale", "c1", "c1", scale) +
           layer("r1", "ReLU", "c1", "c1") + layer("c2", "Convolution", "c1", "c2", convolution) +
           layer("n2", "BatchNorm", "c2", "n2", norm) + layer("s2", "Scale", "n2", "n2") +
           layer("sum", "Eltwise", "c1", "sum", "bottom: \"n2\"") + layer("r2", "ReLU", "sum", "sum") +
           layer("c3", "Convolution", "sum", "c3", convolution) + layer("n3", "BatchNorm", "c3", "c3", norm) +
           layer("r3", "ReLU", "c3", "c3") +
           layer("pool", "Pooling", "c3", "pool", "pooling_param { kernel_size: 2 }") +
           loss("pool", "dim: 4 dim: 24 dim: 5 dim: 6");
}

TEST(Absorbed, NormsScalesSumsAndRectifiers) { compare(residual_net("")); }
TEST(Absorbed, NormsWithGivenStatistics) { compare(residual_net("batch_norm_param { use_global_stats: true }")); }
TEST(Absorbed, NormsOfATest) { compare(residual_net(""), caffe::TEST); }

TEST(Net, GivesParametersTheSameGradientsWithoutKeepingThoseOfBlobs) {
    const std::string convolution = "convolution_param { num_output: 24 kernel_size: 3 pad: 1 }";
    const std::string branches =
        input("data", "dim: 4 dim: 16 dim: 6 dim: 7") + layer("c1", "Convolution", "data", "c1", convolution) +
        layer("r1", "ReLU", "c1", "c1") + layer("left", "Convolution", "c1", "left", convolution) +
        layer("right", "Convolution", "c1", "right", convolution) + layer("r2", "ReLU", "right", "right") +
        layer("both", "Concat", "left", "both", "bottom: \"right\"") + layer("rows", "Flatten", "both", "rows") +
        layer("ip", "InnerProduct", "rows", "ip", "inner_product_param { num_output: 5 }") +
        loss("ip", "dim: 4 dim: 5");
    for (const bool generic : {false, true})
        for (const std::string& text : {residual_net(""), branches}) {
            const auto kept = make_net(text, generic, caffe::TRAIN, true),
                       freed = make_net(text, generic, caffe::TRAIN, false);
            ASSERT_TRUE(kept && freed);
            for (int pass = 0; pass < 2; ++pass) {
                run(*kept);
                run(*freed);
                EXPECT_TRUE(kept->find_blob("c1")->has_diff());
                EXPECT_FALSE(freed->find_blob("c1")->has_diff());
                for (std::size_t i = 0; i < kept->learnable_parameters().size(); ++i) {
                    const auto &want = kept->learnable_parameters()[i], &got = freed->learnable_parameters()[i];
                    if (want.lr_mult != 0) {
                        EXPECT_TRUE(at::equal(got.blob->diff(), want.blob->diff())) << want.layer;
                    }
                }
            }
        }
}

TEST(Absorbed, NormsOfPlanesAndOfRows) {
    const std::string rest = layer("norm", "BatchNorm", "data2", "data2") +
                             layer("scale", "Scale", "data2", "data2", "scale_param { bias_term: true }") +
                             layer("relu", "ReLU", "data2", "data2");
    for (const std::string dims : {"dim: 4 dim: 3 dim: 5 dim: 2", "dim: 6 dim: 5"})
        compare("force_backward: true " + input("data", dims) + layer("copy", "Power", "data", "data2") + rest +
                loss("data2", dims));
}

}  // namespace
}  // namespace digits
