#include "models/model_spec.hpp"

#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/field_facts.hpp"
#include "caffe/prototxt.hpp"
#include "models/standard_networks.hpp"
#include "tasks/task.hpp"

namespace digits {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

ModelSpec spec_of(const char* text) {
    auto spec = parse_model_spec(json::parse(text));
    EXPECT_TRUE(spec) << spec.error().to_string();
    return spec ? *spec : ModelSpec{};
}

TEST(ModelSpec, TheDocumentsExampleIsRead) {
    const auto spec = spec_of(R"({
        "dataset_id": "20261123-101500-3fa9",
        "network": {"standard": "lenet"},
        "solver": {"type": "SGD", "base_lr": 0.01, "lr_policy": "step", "gamma": 0.1, "step_percent": 33, "steps_percent": [],
                   "power": 0.5, "momentum": null, "weight_decay": null, "rms_decay": 0.99, "clip_gradients": null},
        "epochs": 30, "snapshot_interval": 1, "val_interval": 1, "batch_size": null, "val_batch_size": null,
        "batch_accumulation": 1, "mean": "image", "crop_size": null, "seed": null, "threads": 0, "precision": "fp32", "weights": []})");
    EXPECT_EQ(spec.network.standard, "lenet");
    EXPECT_EQ(spec.solver.gamma, 0.1);
    EXPECT_FALSE(spec.batch_size);
    EXPECT_EQ(to_json(*parse_model_spec(to_json(spec))), to_json(spec));
}

TEST(ModelSpec, ATrainingThatIsOlderThanTheRuleKeepsAllItsSnapshots) {
    const auto old = json::parse(R"({"network": {"standard": "lenet"}})");
    EXPECT_FALSE(parse_model_spec(old)->keep_all_snapshots);
    EXPECT_EQ(parse_model_spec(old)->keep_snapshots, 3);
    EXPECT_TRUE(parse_stored_model_spec(old)->keep_all_snapshots);
    EXPECT_EQ(to_json(*parse_stored_model_spec(old))["keep_snapshots"], "all");
    auto chosen = old;
    chosen["keep_snapshots"] = 5;
    EXPECT_FALSE(parse_stored_model_spec(chosen)->keep_all_snapshots);
    EXPECT_EQ(to_json(*parse_stored_model_spec(chosen))["keep_snapshots"], 5);
    chosen["keep_snapshots"] = 0;
    EXPECT_FALSE(parse_model_spec(chosen));
}

TEST(ModelSpec, ReadsHowATrainingMayEndEarly) {
    const auto spec = spec_of(R"({"network": {"standard": "lenet"}, "early_stopping": {"patience": 3, "metric": "loss"},
        "solver": {"type": "adamw", "lr_policy": "cosine", "warmup_percent": 5}})");
    EXPECT_EQ(spec.early_stopping.patience, 3);
    EXPECT_EQ(spec.early_stopping.metric, "loss");
    EXPECT_EQ(training_choices(spec).solver.type, SolverType::kAdamw);
    EXPECT_EQ(training_choices(spec).solver.warmup_percent, 5);
}

TEST(ModelSpec, KeepsWhereNetworkAndWeightsComeFrom) {
    const auto text = json::parse(R"({"network": {"pretrained": "1", "prototxt": "layer {}"},
        "weights": ["a.caffemodel", {"path": "b.caffemodel", "model": "2", "snapshot": "40"}, {"pretrained": "1"}]})");
    const auto again = to_json(*parse_model_spec(text));
    EXPECT_EQ(again["network"], text["network"]);
    EXPECT_EQ(again["weights"], text["weights"]);
}

TEST(ModelSpec, OnlyTheNetworkIsNeeded) {
    const auto choices = training_choices(spec_of(R"({"network": {"prototxt": "layer {}"}})"));
    EXPECT_EQ(choices.epochs, 30);
    EXPECT_EQ(choices.solver.gamma, 0.1);
    EXPECT_EQ(choices.solver.step_percent, 33);
    EXPECT_EQ(choices.mean, MeanMode::kImage);
    EXPECT_FALSE(to_json(spec_of(R"({"network": {"prototxt": "layer {}"}})"))["network"].contains("standard"));
}

struct PolicyCase {
    const char* policy;
    double gamma;
    double step;
    double power;
};

TEST(ModelSpec, EachPolicyHasItsDefaults) {
    for (const PolicyCase& want : {PolicyCase{"step", 0.1, 33, 0.5},
                                   {"multistep", 0.5, 33, 0.5},
                                   {"exp", 0.95, 33, 0.5},
                                   {"inv", 0.1, 33, 0.5},
                                   {"poly", 0.1, 33, 3},
                                   {"sigmoid", 0.1, 50, 0.5}}) {
        const json text{{"network", {{"standard", "lenet"}}}, {"solver", {{"lr_policy", want.policy}}}};
        const auto solver = training_choices(*parse_model_spec(text)).solver;
        EXPECT_EQ(solver.gamma, want.gamma) << want.policy;
        EXPECT_EQ(solver.step_percent, want.step) << want.policy;
        EXPECT_EQ(solver.power, want.power) << want.policy;
        EXPECT_EQ(solver.steps_percent,
                  std::string_view(want.policy) == "multistep" ? std::vector<double>({50, 85}) : std::vector<double>());
    }
}

TEST(ModelSpec, DeclaresWhichNumbersEachPolicyTakes) {
    const auto& solver = *model_fields().find("solver")->value.object;
    EXPECT_EQ(solver.find("gamma")->default_path, "/solver/lr_policy");
    EXPECT_EQ(solver.find("gamma")->defaults,
              (json{{"step", 0.1}, {"multistep", 0.5}, {"exp", 0.95}, {"inv", 0.1}, {"sigmoid", 0.1}}));
    EXPECT_EQ(solver.find("step_percent")->defaults, (json{{"step", 33.0}, {"sigmoid", 50.0}}));
    EXPECT_EQ(solver.find("steps_percent")->defaults, (json{{"multistep", {50.0, 85.0}}}));
    EXPECT_EQ(solver.find("power")->defaults, (json{{"inv", 0.5}, {"poly", 3.0}}));
    EXPECT_EQ(solver.find("rms_decay")->defaults, (json{{"RMSProp", 0.99}}));
    EXPECT_TRUE(solver.find("momentum")->defaults.is_null());
}

TEST(ModelSpec, SolverTypesInAnyCase) {
    for (const char* word : {"NESTEROV", "Nesterov", "nesterov"})
        EXPECT_EQ(parse_model_spec({{"network", {{"standard", "lenet"}}}, {"solver", {{"type", word}}}})->solver.type,
                  SolverType::kNesterov);
}

struct Refused {
    const char* text;
    const char* where;
    const char* message;
};

TEST(ModelSpec, SaysWhatIsWrongAndWhere) {
    for (const Refused& c :
         {Refused{"{}", "/network", "Network is required"},
          {R"({"network": {}})", "/network", "Choose a network"},
          {R"({"network": {"standard": "lenet", "prototxt": "x"}})", "/network",
           "Only one of standard, prototxt, model and pretrained"},
          {R"({"network": {"standard": "lenet", "pretrained": "1"}})", "/network",
           "Only one of standard, prototxt, model and pretrained"},
          {R"({"network": {"model": "1", "pretrained": "2"}})", "/network",
           "Only one of standard, prototxt, model and pretrained"},
          {R"({"network": {"standard": "lenet"}, "weights": [{}]})", "/weights/0", "Initial weights need a path"},
          {R"({"network": {"standard": "lenet"}, "weights": ["a", {"model": "1", "pretrained": "2"}]})", "/weights/1",
           "come from one job"},
          {R"({"network": {"standard": "lenet"}, "weights": [{"path": "a", "snapshot": "7"}]})", "/weights/0",
           "needs the id of its model"},
          {R"({"network": {"standard": "lenet"}, "weights": [7]})", "/weights/0", "must be a path or an object, got 7"},
          {R"({"network": {"standard": "vgg"}})", "/network/standard",
           "choose one of lenet, alexnet, googlenet, vgg16, resnet18, "},
          {R"({"network": {"standard": "lenet"}, "epochs": 0})", "/epochs", "Epochs must be greater than 0, got 0"},
          {R"({"network": {"standard": "lenet"}, "epoch": 1})", "/epoch", "Unknown field \"epoch\""},
          {R"({"network": {"standard": "lenet"}, "batch_size": 0})", "/batch_size",
           "Batch size must be 1 to 1048576, got 0"},
          {R"({"network": {"standard": "lenet"}, "batch_size": 1.5})", "/batch_size", "a whole number"},
          {R"({"network": {"standard": "lenet"}, "mean": "median"})", "/mean", "one of none, image, pixel"},
          {R"({"network": {"standard": "lenet"}, "solver": {"type": "LION"}})", "/solver/type", "one of SGD, Nesterov"},
          {R"({"network": {"standard": "lenet"}, "solver": {"type": 3}})", "/solver/type", "got 3"},
          {R"({"network": {"standard": "lenet"}, "solver": 3})", "/solver", "Solver must be an object, got 3"},
          {R"({"network": {"standard": "lenet"}, "solver": {"base_lr": 0}})", "/solver/base_lr",
           "Base learning rate must be greater than 0, got 0"},
          {R"({"network": {"standard": "lenet"}, "solver": {"step_percent": 0}})", "/solver/step_percent",
           "Step size must be greater than 0"},
          {R"({"network": {"standard": "lenet"}, "solver": {"lr_policy": "exp", "gamma": 0}})", "/solver/gamma",
           "Gamma must be greater than 0"},
          {R"({"network": {"standard": "lenet"}, "solver": {"steps_percent": [50, 40]}})", "/solver/steps_percent",
           "got 40 after 50"},
          {"[]", "/", "Expected an object"}}) {
        const auto spec = parse_model_spec(json::parse(c.text));
        ASSERT_FALSE(spec) << c.text;
        EXPECT_EQ(spec.error().code, ErrorCode::kInvalidArgument);
        EXPECT_EQ(spec.error().where, c.where) << c.text;
        EXPECT_THAT(spec.error().message, HasSubstr(c.message)) << c.text;
    }
}

TEST(ModelSpec, TheSchemaNamesEveryMember) {
    const auto schema = json_schema(model_fields());
    EXPECT_THAT(schema["required"], ElementsAre("network"));
    auto members = to_json(ModelSpec{});
    members.erase("dataset_dir");  // the server's
    EXPECT_EQ(schema["properties"].size(), members.size());
    for (const auto& [name, value] : members.items()) EXPECT_TRUE(schema["properties"].contains(name)) << name;
}

TEST(StandardNetworks, AreInsideTheProgram) {
    EXPECT_EQ(standard_networks().size(), 10U);
    EXPECT_EQ(standard_networks("detection").size(), 4U);
    for (const auto* task : tasks().all()) EXPECT_FALSE(standard_networks(task->name()).empty()) << task->name();
    EXPECT_EQ(standard_networks("nothing").size(), 0U);
    const auto& detector = *find_standard_network("detector");
    EXPECT_EQ(epochs_for(detector, 0), 60) << "it is not known how many there are";
    EXPECT_EQ(epochs_for(detector, 100'000), 60);
    EXPECT_EQ(epochs_for(detector, 100), 120);
    EXPECT_EQ(epochs_for(detector, 3), 500);
    EXPECT_EQ(epochs_for(*find_standard_network("lenet"), 10), 30);
    EXPECT_EQ(to_json(*find_standard_network("detector_lite0"))["defaults"]["mean"], "none") << "it has its own";
    EXPECT_EQ(to_json(detector)["defaults"]["solver"],
              json::parse(R"({"type": "AdamW", "base_lr": 0.002, "lr_policy": "cosine", "warmup_percent": 5.0})"));
    EXPECT_EQ(to_json(detector)["defaults"]["augmentation"]["mosaic"], 0.3);
    EXPECT_EQ(to_json(*find_standard_network("detectnet"))["defaults"]["augmentation"]["flip"], "none")
        << "it has a layer for that";
    for (const auto& network : standard_networks("")) {
        const auto file =
            read_net_file(std::string(DIGITS_SOURCE_DIR) + "/networks/" + std::string(network.name) + ".prototxt");
        const auto inside = parse_net_text(network.prototxt, network.name);
        ASSERT_TRUE(file && inside) << network.name;
        EXPECT_EQ(format_prototxt(*file), format_prototxt(*inside));
        // The defaults are members of a model spec.
        auto spec = to_json(network)["defaults"];
        spec["network"] = {{"standard", network.name}};
        EXPECT_TRUE(parse_model_spec(spec)) << network.name;
    }
    EXPECT_EQ(find_standard_network("lenet")->title, "LeNet");
    EXPECT_EQ(find_standard_network("LeNet"), nullptr);
    EXPECT_EQ(find_standard_network("detectnet")->task, "detection");
}

/// So that its weights fit.
TEST(StandardNetworks, OnATrunkHaveItsLayers) {
    const auto trunk = *parse_net_text(find_standard_network("efficientnet_lite0")->prototxt, "trunk");
    for (const auto& [name, last] : {std::pair("detector_lite0", "block15/project"),
                                     {"segmenter_lite0", "block10"},
                                     {"detectnet_lite0", "block10"}}) {
        const auto net = *parse_net_text(find_standard_network(name)->prototxt, name);
        std::map<std::string, std::string> layers;
        for (auto layer : net.layer()) {
            // Small batches fix the statistics after a while.
            if (layer.has_batch_norm_param()) layer.mutable_batch_norm_param()->clear_fixed_after_percent();
            layers[layer.name()] = layer.SerializeAsString();
        }
        for (const auto& layer : trunk.layer()) {
            auto expected = layer;
            // DetectNet's images come through a layer of its own.
            if (layer.name() == "stem" && name == std::string("detectnet_lite0")) expected.set_bottom(0, "scaled");
            if (layer.type() != "Data") EXPECT_EQ(layers[layer.name()], expected.SerializeAsString()) << layer.name();
            if (layer.name() == last) break;
        }
    }
}

/// Channels, height, width of a blob.
struct Planes {
    int channels;
    int height;
    int width;
};

int field(const google::protobuf::RepeatedField<std::uint32_t>& values, int otherwise) {
    return values.empty() ? otherwise : static_cast<int>(values.Get(0));
}

/// The weights of the training net, by the textbook's formulas.
std::int64_t count_parameters(const char* name, Planes input, int classes) {
    const auto net = parse_net_text(find_standard_network(name)->prototxt, name);
    std::map<std::string, Planes> blobs{{"data", input}};
    std::int64_t count = 0;
    for (const auto& layer : net->layer()) {
        if (layer.bottom_size() == 0 || layer.bottom(0) == "label" || layer.top_size() == 0) continue;
        const Planes in = blobs.at(layer.bottom(0));
        Planes out = in;
        if (layer.type() == "Convolution") {
            const auto& p = layer.convolution_param();
            const int k = field(p.kernel_size(), 1), pad = field(p.pad(), 0), stride = field(p.stride(), 1);
            out = {static_cast<int>(p.num_output()), (in.height + 2 * pad - k) / stride + 1,
                   (in.width + 2 * pad - k) / stride + 1};
            count += std::int64_t{out.channels} * (in.channels / static_cast<int>(p.group()) * k * k + 1);
        } else if (layer.type() == "Pooling") {
            const auto& p = layer.pooling_param();
            if (p.global_pooling()) {
                out.height = out.width = 1;
                blobs[layer.top(0)] = out;
                continue;
            }
            const int k = static_cast<int>(p.kernel_size()), pad = static_cast<int>(p.pad());
            const int stride = static_cast<int>(p.stride());
            out.height = (in.height + 2 * pad - k + stride - 1) / stride + 1;  // rounded up
            out.width = (in.width + 2 * pad - k + stride - 1) / stride + 1;
        } else if (layer.type() == "InnerProduct") {
            const auto& p = layer.inner_product_param();
            out = {p.has_num_output() ? static_cast<int>(p.num_output()) : classes, 1, 1};
            count += std::int64_t{out.channels} * (std::int64_t{in.channels} * in.height * in.width + 1);
        } else if (layer.type() == "Concat") {
            out.channels = 0;
            for (const auto& bottom : layer.bottom()) {
                EXPECT_EQ(blobs.at(bottom).height, in.height) << layer.name();
                out.channels += blobs.at(bottom).channels;
            }
        }
        blobs[layer.top(0)] = out;
    }
    return count;
}

TEST(StandardNetworks, HaveAsManyWeightsAsTheirModels) {
    EXPECT_EQ(count_parameters("lenet", {1, 28, 28}, 10), 431'080);
    EXPECT_EQ(count_parameters("alexnet", {3, 227, 227}, 1000), 60'965'224);
    EXPECT_EQ(count_parameters("googlenet", {3, 224, 224}, 1000), 13'378'280);
}

}  // namespace
}  // namespace digits
