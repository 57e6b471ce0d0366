#include "caffe/upgrade.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>

#include <map>
#include <set>

#include "caffe/net_state.hpp"
#include "caffe/prototxt.hpp"
#include "caffe/splits.hpp"
#include "caffe/weights.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

fs::path case_dir(const std::string& name) { return fs::path(DIGITS_BINARY_DIR) / "golden/caffe-golden" / name; }

caffe::NetParameter upgraded(const char* text) {
    auto net = parse_net_text(text, "text");
    EXPECT_TRUE(net) << net.error().to_string();
    const auto changed = upgrade_net(*net);
    EXPECT_TRUE(changed) << changed.error().to_string();
    return *net;
}

Error upgrade_error(const char* text) {
    auto net = parse_net_text(text, "text");
    EXPECT_TRUE(net) << net.error().to_string();
    const auto changed = upgrade_net(*net);
    EXPECT_FALSE(changed);
    return changed ? Error{} : changed.error();
}

/// The layers of a net as a phase sees them, by name.
std::map<std::string, caffe::LayerParameter> instantiated(const caffe::NetParameter& net, caffe::Phase phase) {
    caffe::NetState state;
    state.set_phase(phase);
    const auto filtered = filter_net(net, state);
    EXPECT_TRUE(filtered) << filtered.error().to_string();
    const auto split = insert_splits(*filtered);
    EXPECT_TRUE(split) << split.error().to_string();
    std::map<std::string, caffe::LayerParameter> layers;
    for (const auto& layer : split->layer()) layers[layer.name()] = layer;
    return layers;
}

/// The weights that Caffe wrote hold each layer's definition as Caffe itself upgraded it.
class GoldenUpgradeTest : public testing::TestWithParam<const char*> {};

TEST_P(GoldenUpgradeTest, GivesTheLayersThatCaffeWrote) {
    const auto net = read_net_file(case_dir(GetParam()) / "net.prototxt");
    ASSERT_TRUE(net) << net.error().to_string();
    const auto written = read_weights(case_dir(GetParam()) / "weights.caffemodel");
    ASSERT_TRUE(written) << written.error().to_string();
    std::map phases{std::pair{caffe::TRAIN, instantiated(*net, caffe::TRAIN)},
                    std::pair{caffe::TEST, instantiated(*net, caffe::TEST)}};
    std::set<std::string> names;
    for (caffe::LayerParameter want : written->layer()) {
        caffe::LayerParameter got = phases[want.phase()][want.name()];
        names.insert(want.name());
        want.clear_blobs();
        want.clear_phase();
        // Caffe writes out the weight 1 that a loss has by default.
        if (got.loss_weight_size() == 0 && got.type().ends_with("Loss")) got.add_loss_weight(1);
        std::string difference;
        google::protobuf::util::MessageDifferencer differ;
        differ.ReportDifferencesToString(&difference);
        EXPECT_TRUE(differ.Compare(want, got)) << want.name() << "\n" << difference;
    }
    for (const auto& [phase, layers] : phases)
        for (const auto& [name, layer] : layers) EXPECT_TRUE(names.contains(name)) << name;
}

INSTANTIATE_TEST_SUITE_P(Upgrade, GoldenUpgradeTest,
                         testing::Values("upgrade_bn_params", "upgrade_input_shape", "upgrade_v0_net",
                                         "upgrade_v1_loss", "upgrade_v1_net", "upgrade_v1_shared"));

TEST(Upgrade, ReadsWeightsOfV1) {
    const auto weights = read_weights(case_dir("upgrade_v1_weights") / "weights.caffemodel");
    ASSERT_TRUE(weights) << weights.error().to_string();
    EXPECT_EQ(weights->layers_size(), 0);
    std::vector<std::string> types;
    for (const auto& layer : weights->layer()) types.push_back(layer.type());
    EXPECT_THAT(types, testing::Contains("InnerProduct"));
    for (const auto& layer : weights->layer())
        for (const auto& blob : layer.blobs()) {
            EXPECT_EQ(blob_shape(blob).size(), 4U);
            EXPECT_TRUE(blob_values(blob));
        }
}

TEST(Upgrade, MovesDataFieldsOfV1ToTransformParam) {
    const auto net = upgraded(
        "layers { name: 'd' type: DATA top: 'data' data_param { source: 'db' scale: 0.5 mean_file: 'm' crop_size: 7 "
        "mirror: true batch_size: 4 } }"
        "layers { name: 'i' type: IMAGE_DATA top: 'x' image_data_param { crop_size: 3 } transform_param { scale: 2 } "
        "}");
    const auto& data = net.layer(0);
    EXPECT_EQ(data.type(), "Data");
    EXPECT_EQ(data.transform_param().scale(), 0.5F);
    EXPECT_EQ(data.transform_param().mean_file(), "m");
    EXPECT_EQ(data.transform_param().crop_size(), 7U);
    EXPECT_TRUE(data.transform_param().mirror());
    EXPECT_FALSE(data.data_param().has_scale() || data.data_param().has_mean_file() ||
                 data.data_param().has_crop_size() || data.data_param().has_mirror());
    EXPECT_EQ(data.data_param().batch_size(), 4U);
    EXPECT_EQ(net.layer(1).transform_param().crop_size(), 3U);
    EXPECT_EQ(net.layer(1).transform_param().scale(), 2.0F);
}

TEST(Upgrade, MovesFlatFieldsOfV0) {
    const auto net = upgraded(
        "layers { layer { name: 'd' type: 'images' source: 'list' batchsize: 8 scale: 0.1 meanfile: 'm' cropsize: 5 "
        "mirror: true new_height: 9 new_width: 10 shuffle_images: true rand_skip: 3 } top: 'x' }"
        "layers { layer { name: 'p' type: 'padding' pad: 2 } bottom: 'x' top: 'xp' }"
        "layers { layer { name: 'q' type: 'pool' pool: AVE kernelsize: 3 stride: 2 } bottom: 'xp' top: 'y' }"
        "layers { layer { name: 'c' type: 'concat' concat_dim: 0 num_output: 3 } bottom: 'y' top: 'z' }"
        "layers { layer { name: 'w' type: 'window_data' det_fg_threshold: 0.7 det_crop_mode: 'square' } top: 'v' }");
    ASSERT_EQ(net.layer_size(), 4);
    EXPECT_EQ(net.layer(0).image_data_param().source(), "list");
    EXPECT_EQ(net.layer(0).image_data_param().batch_size(), 8U);
    EXPECT_EQ(net.layer(0).image_data_param().new_height(), 9U);
    EXPECT_TRUE(net.layer(0).image_data_param().shuffle());
    EXPECT_EQ(net.layer(0).transform_param().crop_size(), 5U);
    EXPECT_EQ(net.layer(1).bottom(0), "x");
    EXPECT_EQ(net.layer(1).pooling_param().pad(), 2U);
    EXPECT_EQ(net.layer(1).pooling_param().pool(), caffe::PoolingParameter::AVE);
    EXPECT_EQ(net.layer(2).concat_param().concat_dim(), 0U);
    EXPECT_FALSE(net.layer(2).has_inner_product_param());
    EXPECT_FLOAT_EQ(net.layer(3).window_data_param().fg_threshold(), 0.7F);
    EXPECT_EQ(net.layer(3).window_data_param().crop_mode(), "square");
}

TEST(Upgrade, EveryV1TypeHasAName) {
    for (int type = 1; type < caffe::V1LayerParameter::LayerType_ARRAYSIZE; ++type) {
        caffe::NetParameter net;
        net.add_layers()->set_type(static_cast<caffe::V1LayerParameter::LayerType>(type));
        ASSERT_TRUE(upgrade_net(net));
        // The enum's words and the type's differ in case and underscores only, but for the softmax loss.
        std::string word = caffe::V1LayerParameter::LayerType_Name(type), name = net.layer(0).type();
        word.erase(std::remove(word.begin(), word.end(), '_'), word.end());
        std::transform(name.begin(), name.end(), name.begin(), ::toupper);
        EXPECT_EQ(name, word == "SOFTMAXLOSS" ? "SOFTMAXWITHLOSS" : word);
    }
}

TEST(Upgrade, InputsBecomeTheFirstLayer) {
    const auto net =
        upgraded("layer { name: 'a' } layer { name: 'b' } input: 'x' input: 'y' input_dim: [1,2,3,4,5,6,7,8]");
    ASSERT_EQ(net.layer_size(), 3);
    EXPECT_EQ(net.layer(0).name(), "input");
    EXPECT_EQ(net.layer(0).type(), "Input");
    EXPECT_THAT(net.layer(0).top(), ElementsAre("x", "y"));
    EXPECT_THAT(net.layer(0).input_param().shape(1).dim(), ElementsAre(5, 6, 7, 8));
    EXPECT_EQ(net.layer(1).name(), "a");
    EXPECT_EQ(net.layer(2).name(), "b");
    EXPECT_EQ(upgraded("input: 'x' layer { name: 'a' }").layer_size(), 1);
}

TEST(Upgrade, LeavesThePresentFormAlone) {
    auto net = parse_net_text("layer { name: 'a' type: 'BatchNorm' param { lr_mult: 0 decay_mult: 0 } }", "text");
    ASSERT_TRUE(net);
    EXPECT_EQ(upgrade_net(*net), false);
}

TEST(Upgrade, SaysWhatCannotBeUpgraded) {
    EXPECT_THAT(upgrade_error("layers { name: 'a' } layer { name: 'b' }").message, HasSubstr("both \"layers\""));
    EXPECT_THAT(upgrade_error("layers { layer { name: 'a' type: 'convv' } }").message,
                HasSubstr("[a] unknown layer type \"convv\""));
    EXPECT_THAT(upgrade_error("layers { layer { name: 'p' type: 'padding' pad: 1 } bottom: 'x' top: 'y' }"
                              "layers { layer { name: 'r' type: 'relu' } bottom: 'y' top: 'y' }")
                    .message,
                HasSubstr("[r] reads the padding layer \"p\""));
    EXPECT_THAT(upgrade_error("layers { layer { name: 'p' type: 'padding' pad: 1 } top: 'y' }").message,
                HasSubstr("[p] a padding layer has one bottom"));
    EXPECT_THAT(upgrade_error("input: 'x' input_dim: [1, 2, 3]").message,
                HasSubstr("input_dim values (3) must be four times the number of inputs (1)"));
    EXPECT_THAT(upgrade_error("input: 'x' input: 'y' input_shape { dim: 1 }").message,
                HasSubstr("input_shape entries (1) must equal the number of inputs (2)"));
}

TEST(Upgrade, NamesSolverTypes) {
    for (const auto& [old, name] : {std::pair{"SGD", "SGD"},
                                    {"NESTEROV", "Nesterov"},
                                    {"ADAGRAD", "AdaGrad"},
                                    {"RMSPROP", "RMSProp"},
                                    {"ADADELTA", "AdaDelta"},
                                    {"ADAM", "Adam"}}) {
        auto solver = parse_solver_text(std::string("solver_type: ") + old, "solver");
        ASSERT_TRUE(solver);
        ASSERT_TRUE(upgrade_solver(*solver));
        EXPECT_EQ(solver->type(), name);
        EXPECT_FALSE(solver->has_solver_type());
    }
    auto both = parse_solver_text("solver_type: SGD type: 'Adam'", "solver");
    EXPECT_THAT(upgrade_solver(*both).error().message, HasSubstr("both solver_type"));
    auto sag = parse_solver_text("solver_type: SAG", "solver");
    EXPECT_EQ(upgrade_solver(*sag).error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace digits
