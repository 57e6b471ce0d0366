#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <hdf5.h>

#include "base/file.hpp"
#include "caffe/prototxt.hpp"
#include "engine/guard.hpp"
#include "engine/layers/source/memory_data.hpp"
#include "engine/net/net.hpp"

namespace digits {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::unique_ptr<Net> make_net(const std::string& text, const std::filesystem::path& dir = {},
                              caffe::Phase phase = caffe::TEST, std::int64_t first_pass = 0) {
    NetOptions options;
    options.state.set_phase(phase);
    options.base_dir = dir;
    options.first_pass = first_pass;
    auto net = Net::create(*parse_net_text(text, "test.prototxt"), options);
    EXPECT_TRUE(net) << (net ? "" : net.error().to_string());
    return net ? std::move(*net) : nullptr;
}

std::vector<float> values(const Net& net, std::string_view blob) {
    const at::Tensor data = net.find_blob(blob)->data().contiguous();
    return {data.data_ptr<float>(), data.data_ptr<float>() + data.numel()};
}

/// A binary PPM whose pixels are all the colour first, first + 1, first + 2.
std::string ppm_image(int first, int width, int height) {
    std::string text = fmt::format("P6\n{} {}\n255\n", width, height);
    for (int p = 0; p < width * height * 3; ++p) text += static_cast<char>(first + p % 3);
    return text;
}

/// Image i has the colour 10 i and, in the list, the label i + 10.
struct ImageFiles {
    TemporaryFolder folder;
    std::filesystem::path dir() const { return folder.path(); }
    explicit ImageFiles(int count) {
        std::string list;
        for (int i = 0; i < count; ++i) {
            EXPECT_TRUE(write_file_atomic(dir() / fmt::format("an image {}.ppm", i), ppm_image(10 * i, 4, 3)));
            list += fmt::format("an image {}.ppm {}\n", i, i + 10);
        }
        EXPECT_TRUE(write_file_atomic(dir() / "list.txt", list));
    }
};

std::string image_data(const std::string& settings, const std::string& transform = "") {
    return R"(layer { name: "in" type: "ImageData" top: "data" top: "label" image_data_param { source: "list.txt" )" +
           settings + "} transform_param {" + transform + "} }";
}

TEST(ImageData, GivesPlanesOfBlueGreenRedInTheOrderOfTheList) {
    const ImageFiles images(3);
    const auto net = make_net(image_data("batch_size: 2"), images.dir());
    ASSERT_TRUE(net->forward());
    EXPECT_EQ(net->find_blob("data")->shape(), (Shape{2, 3, 3, 4}));
    EXPECT_THAT(values(*net, "label"), ElementsAre(10, 11));
    const auto data = net->find_blob("data")->data();
    EXPECT_EQ(data[1][0][2][3].item<float>(), 12);  // blue
    EXPECT_EQ(data[1][2][0][0].item<float>(), 10);  // red
    ASSERT_TRUE(net->forward());
    EXPECT_THAT(values(*net, "label"), ElementsAre(12, 10));
}

TEST(ImageData, ResizesTransformsAndMakesGrey) {
    const ImageFiles images(2);
    const auto net = make_net(
        image_data("new_height: 6 new_width: 5 is_color: false", "crop_size: 2 mean_value: 1 scale: 2"), images.dir());
    ASSERT_TRUE(net->forward());
    EXPECT_EQ(net->find_blob("data")->shape(), (Shape{1, 1, 2, 2}));
    EXPECT_THAT(values(*net, "data"), testing::Each(0));  // (1 - 1) * 2
}

TEST(ImageData, ShufflesEveryRoundAnewAndTakesUpWhereItWas) {
    const ImageFiles images(6);
    const auto labels = [&](std::int64_t first, int batches) {
        const auto net = make_net(image_data("batch_size: 3 shuffle: true"), images.dir(), caffe::TRAIN, first);
        std::vector<float> all;
        for (int i = 0; i < batches; ++i) {
            EXPECT_TRUE(net->forward());
            for (const float label : values(*net, "label")) all.push_back(label);
        }
        return all;
    };
    const auto all = labels(0, 4);
    EXPECT_THAT(std::vector(all.begin(), all.begin() + 6), testing::UnorderedElementsAre(10, 11, 12, 13, 14, 15));
    EXPECT_NE(std::vector(all.begin(), all.begin() + 6), std::vector(all.begin() + 6, all.end()));
    EXPECT_EQ(labels(3, 1), std::vector(all.begin() + 9, all.end()));
}

TEST(ImageData, SaysWhichImageDoesNotFit) {
    const ImageFiles images(2);
    ASSERT_TRUE(write_file_atomic(images.dir() / "an image 1.ppm", ppm_image(0, 2, 2)));
    const auto net = make_net(image_data("batch_size: 2"), images.dir());
    const auto result = net->forward();
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().to_string(), testing::AllOf(HasSubstr("an image 1.ppm"), HasSubstr("new_height")));
}

TEST(ImageData, PutsItsRootInFrontOfEveryPathAndTakesNegativeLabels) {
    const TemporaryFolder folder;
    std::filesystem::create_directories(folder.path() / "images");
    ASSERT_TRUE(write_file_atomic(folder.path() / "images/a.ppm", ppm_image(30, 4, 3)));
    ASSERT_TRUE(write_file_atomic(folder.path() / "list.txt", "/a.ppm -1\r\na.ppm 7\n\n"));
    for (const std::string root : {"images", "images/"}) {
        const auto net = make_net(image_data("batch_size: 2 root_folder: \"" + root + "\""), folder.path());
        ASSERT_TRUE(net->forward());
        EXPECT_THAT(values(*net, "label"), ElementsAre(-1, 7));
        EXPECT_EQ(values(*net, "data")[0], 32);
    }
}

TEST(DummyData, TakesEachOldSizeOnceOrForEachTop) {
    const auto net = make_net(R"(layer { name: "in" type: "DummyData" top: "x" top: "y"
        dummy_data_param { num: 2 channels: 3 channels: 4 height: 5 width: 1 width: 6 data_filler { value: 7 } } })");
    EXPECT_EQ(net->find_blob("x")->shape(), (Shape{2, 3, 5, 1}));
    EXPECT_EQ(net->find_blob("y")->shape(), (Shape{2, 4, 5, 6}));
    EXPECT_THAT(values(*net, "y"), testing::Each(7));
}

TEST(WindowData, WarpsWindowsBackgroundFirst) {
    const ImageFiles images(1);  // 4 x 3
    ASSERT_TRUE(write_file_atomic(images.dir() / "image.ppm", ppm_image(50, 4, 3)));
    ASSERT_TRUE(write_file_atomic(images.dir() / "windows.txt",
                                  "# 0\nimage.ppm\n3\n3\n4\n3\n5 0.9 0 0 3 2\n7 0.1 1 1 2 2\n7 0.55 0 0 1 1\n"));
    const auto net = make_net(R"(layer { name: "in" type: "WindowData" top: "data" top: "label"
        window_data_param { source: "windows.txt" batch_size: 4 fg_threshold: 0.6 bg_threshold: 0.5 fg_fraction: 0.5
                            context_pad: 1 scale: 0.5 }
        transform_param { crop_size: 6 mean_value: 10 } })",
                              images.dir());
    ASSERT_TRUE(net->forward());
    EXPECT_THAT(values(*net, "label"), ElementsAre(0, 0, 5, 5));
    const at::Tensor data = net->find_blob("data")->data();
    // Blue of a pixel is 52. With its surroundings the background window ends past the image on the right and below,
    // the foreground one on all sides.
    EXPECT_EQ(data[0][0][1][1].item<float>(), 21);
    EXPECT_EQ(data[0][0][5][5].item<float>(), 0);
    EXPECT_EQ(data[2][0][3][3].item<float>(), 21);
    EXPECT_EQ(data[2][2][3][3].item<float>(), 20);
    EXPECT_EQ(data[2][0][0][0].item<float>(), 0);
}

TEST(WindowData, NamesTheLineThatIsWrong) {
    const ImageFiles images(1);
    ASSERT_TRUE(write_file_atomic(images.dir() / "windows.txt", "# 0\na.ppm\n3\n3\n4\n1\n5 0.9 0 0 4 2\n"));
    NetOptions options;
    options.base_dir = images.dir();
    const auto net = Net::create(*parse_net_text(R"(layer { name: "in" type: "WindowData" top: "data" top: "label"
        window_data_param { source: "windows.txt" batch_size: 4 } transform_param { crop_size: 6 } })",
                                                 "test.prototxt"),
                                 options);
    ASSERT_FALSE(net);
    EXPECT_THAT(net.error().to_string(), testing::AllOf(HasSubstr("windows.txt:7"), HasSubstr("is not inside")));
}

TEST(MemoryData, GoesRoundItsArrays) {
    const auto net = make_net(R"(layer { name: "in" type: "MemoryData" top: "data" top: "label"
        memory_data_param { batch_size: 2 channels: 1 height: 1 width: 1 } })");
    EXPECT_FALSE(net->forward());
    auto& layer = dynamic_cast<MemoryDataLayer&>(*net->find_layer("in"));
    ASSERT_FALSE(guarded([&] { layer.set_arrays({1, 2, 3}, {1, 2, 3}); }));
    ASSERT_TRUE(guarded([&] { layer.set_arrays({1, 2, 3, 4}, {5, 6, 7, 8}); }));
    ASSERT_TRUE(net->forward());
    ASSERT_TRUE(net->forward());
    EXPECT_THAT(values(*net, "data"), ElementsAre(3, 4));
    ASSERT_TRUE(net->forward());
    EXPECT_THAT(values(*net, "label"), ElementsAre(5, 6));
}

TEST(HDF5Output, WritesDataAndLabelOnce) {
    const TemporaryFolder folder;
    const auto net = make_net(R"(
        layer { name: "in" type: "DummyData" top: "x" top: "y" dummy_data_param {
            shape { dim: 2 dim: 3 } shape { dim: 2 } data_filler { value: 7 } data_filler { value: 1 } } }
        layer { name: "out" type: "HDF5Output" bottom: "x" bottom: "y" hdf5_output_param { file_name: "o.h5" } })",
                              folder.path());
    ASSERT_TRUE(net->forward());
    const hid_t file = H5Fopen((folder.path() / "o.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
    ASSERT_GE(file, 0);
    const hid_t set = H5Dopen2(file, "data", H5P_DEFAULT);
    std::vector<float> read(6);
    EXPECT_GE(H5Dread(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, read.data()), 0);
    EXPECT_THAT(read, testing::Each(7));
    H5Dclose(set);
    EXPECT_GT(H5Lexists(file, "label", H5P_DEFAULT), 0);
    H5Fclose(file);
    const auto again = net->forward();
    ASSERT_FALSE(again);
    EXPECT_THAT(again.error().to_string(), HasSubstr("written already"));
}

constexpr auto kNormNet = R"(layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 4 dim: 2 } } }
    layer { name: "norm" type: "BatchNorm" bottom: "x" top: "y"
            batch_norm_param { scale_bias: true moving_average_fraction: 0.75 } })";

caffe::NetParameter stored_norm(const std::vector<std::vector<float>>& blobs) {
    caffe::NetParameter net;
    auto& layer = *net.add_layer();
    layer.set_name("norm");
    layer.set_type("BatchNorm");
    for (const auto& blob : blobs) {
        auto& proto = *layer.add_blobs();
        proto.mutable_shape()->add_dim(std::ssize(blob));
        proto.mutable_data()->Add(blob.begin(), blob.end());
    }
    return net;
}

TEST(NvidiaBatchNorm, ReadsBothOrdersOfItsBlobs) {
    const std::vector<float> mean{1, 2}, variance{4, 9}, scale{3, 5}, shift{-1, 1};
    for (const auto& stored :
         {stored_norm({mean, variance, {1}, scale, shift}), stored_norm({scale, shift, mean, variance, {0}})}) {
        const auto net = make_net(kNormNet);
        ASSERT_TRUE(net->copy_weights(stored));
        net->find_blob("x")->set_data(at::full({4, 2}, 5.0F));
        ASSERT_TRUE(net->forward());
        EXPECT_NEAR(values(*net, "y")[0], (5 - 1) / 2.0 * 3 - 1, 1e-4);
        EXPECT_NEAR(values(*net, "y")[1], (5 - 2) / 3.0 * 5 + 1, 1e-4);
    }
}

TEST(NvidiaBatchNorm, KeepsMeanAndBiasedVarianceThemselves) {
    const auto net = make_net(kNormNet, {}, caffe::TRAIN);
    const auto statistics = [&] {
        const auto& blobs = net->find_layer("norm")->blobs();
        return std::array{blobs[0]->data()[0].item<float>(), blobs[1]->data()[0].item<float>()};
    };
    std::int64_t passes = 0;
    const auto pass = [&](std::vector<float> first_channel) {
        const at::Tensor x = at::zeros({4, 2});
        x.select(1, 0).copy_(at::tensor(first_channel));
        net->find_blob("x")->set_data(x);
        net->set_pass(passes++);
        EXPECT_TRUE(net->forward());
    };
    pass({0, 0, 4, 4});
    pass({1, 1, 3, 3});
    EXPECT_THAT(statistics(), ElementsAre(testing::FloatNear(2, 1e-4F), testing::FloatNear(1, 1e-4F)));
    pass({6, 6, 10, 10});
    EXPECT_THAT(statistics(), ElementsAre(testing::FloatNear(3.5F, 1e-4F), testing::FloatNear(1.75F, 1e-4F)));
}

TEST(NvidiaBatchNorm, IsToldApartFromCaffes) {
    auto net = make_net(R"(layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 4 dim: 2 } } }
                           layer { name: "norm" type: "BatchNorm" bottom: "x" top: "y" })");
    const auto copied = net->copy_weights(stored_norm({{1, 2}, {4, 9}, {1}, {3, 5}, {0, 0}}));
    ASSERT_FALSE(copied);
    EXPECT_THAT(copied.error().to_string(), HasSubstr("scale_bias: true"));
}

}  // namespace
}  // namespace digits
