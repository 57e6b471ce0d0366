#include "models/prepare.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "caffe/prototxt.hpp"
#include "caffe/weights.hpp"
#include "models/snapshots.hpp"
#include "models/standard_networks.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

/// MNIST's facts, as a dataset's job leaves them.
json dataset_json() {
    return json::parse(R"({
        "format": 1, "type": "classification",
        "image": {"width": 28, "height": 28, "channels": 1, "resize": "squash"},
        "storage": {"backend": "lmdb", "encoding": "png"},
        "labels": ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        "splits": {"train": {"count": 45000, "db": "train_db", "list": "train.txt", "per_class": []},
                   "val": {"count": 15000, "db": "val_db", "list": "val.txt", "per_class": []}},
        "mean_file": "mean.binaryproto", "mean_pixel": [33.3],
        "unreadable": {"count": 0, "file": "unreadable.txt"}, "bytes": 1, "seconds": 1, "images_per_s": 1})");
}

class PrepareTest : public testing::Test {
  protected:
    PrepareTest() {
        fs::create_directories(dataset());
        fs::create_directories(job());
        write(dataset() / "dataset.json", dataset_json().dump());
        spec_.dataset_dir = dataset().string();
        spec_.network.standard = "lenet";
    }

    fs::path dataset() const { return folder_.path() / "dataset"; }
    fs::path job() const { return folder_.path() / "job"; }
    static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
    std::string text_of(const char* name) const { return *read_file(job() / name); }

    TemporaryFolder folder_;
    ModelSpec spec_;
};

TEST_F(PrepareTest, MosaicsAreForTargetsWithPlaces) {
    spec_.augmentation.mosaic = 0.5;
    const auto refused = prepare_model(spec_, job());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(refused.error().where, "/augmentation/mosaic");
}

TEST_F(PrepareTest, LeNetOnMnist) {
    const auto prepared = prepare_model(spec_, job());
    ASSERT_TRUE(prepared) << prepared.error().to_string();
    EXPECT_EQ(prepared->solver_file, job() / "solver.prototxt");
    EXPECT_EQ(prepared->facts.iterations_per_epoch, 704);
    EXPECT_EQ(prepared->facts.max_iter, 21120);
    EXPECT_EQ(prepared->facts.batch_size, 64);
    EXPECT_EQ(prepared->facts.val_batch_size, 32);
    EXPECT_EQ(text_of("solver.prototxt"),
              "test_iter: 469\n"
              "test_interval: 704\n"
              "base_lr: 0.01\n"
              "display: 79\n"
              "max_iter: 21120\n"
              "lr_policy: \"step\"\n"
              "gamma: 0.1\n"
              "momentum: 0.9\n"
              "weight_decay: 0.0001\n"
              "stepsize: 6970\n"
              "snapshot: 704\n"
              "snapshot_prefix: \"snapshot\"\n"
              "solver_mode: CPU\n"
              "net: \"train_val.prototxt\"\n"
              "solver_type: SGD\n");
    const auto train_val = read_net_file(job() / "train_val.prototxt");
    ASSERT_TRUE(train_val);
    EXPECT_EQ(train_val->layer(0).data_param().source(), (dataset() / "train_db").string());
    EXPECT_EQ(train_val->layer(1).data_param().source(), (dataset() / "val_db").string());
    EXPECT_EQ(train_val->layer(0).transform_param().mean_file(), (dataset() / "mean.binaryproto").string());
    EXPECT_TRUE(text_of("deploy.prototxt").starts_with("input: \"data\"\n"));
    EXPECT_THAT(text_of("original.prototxt"), HasSubstr("# LeNet for small grey images"));
    const auto facts = read_model_facts(job());
    ASSERT_TRUE(facts) << facts.error().to_string();
    EXPECT_EQ(facts->max_iter, 21120);
    EXPECT_EQ(facts->network, "lenet");
}

TEST_F(PrepareTest, TheSecondTimeTouchesNothing) {
    ASSERT_TRUE(prepare_model(spec_, job()));
    std::map<fs::path, fs::file_time_type> times;
    const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
    for (const auto& entry : fs::directory_iterator(job())) fs::last_write_time(entry, long_ago);
    ASSERT_TRUE(prepare_model(spec_, job()));
    int files = 0;
    for (const auto& entry : fs::directory_iterator(job())) {
        EXPECT_EQ(fs::last_write_time(entry), long_ago) << entry.path();
        ++files;
    }
    EXPECT_EQ(files, 5);
}

TEST_F(PrepareTest, ACustomNetworkKeepsItsText) {
    spec_.network = {
        .prototxt =
            "# mine\nlayer { name: 'ip' type: 'InnerProduct' bottom: 'data' top: 'ip' }\n"
            "layer { name: 'loss' type: 'SoftmaxWithLoss' bottom: 'ip' bottom: 'label' exclude { stage: 'deploy' } }\n"
            "layer { name: 'p' type: 'Softmax' bottom: 'ip' top: 'p' include { stage: 'deploy' } }\n"};
    spec_.batch_size = 50;
    const auto prepared = prepare_model(spec_, job());
    ASSERT_TRUE(prepared) << prepared.error().to_string();
    EXPECT_EQ(text_of("original.prototxt"), spec_.network.prototxt);
    EXPECT_EQ(prepared->facts.iterations_per_epoch, 900);
    EXPECT_EQ(prepared->facts.network, "custom");
}

TEST_F(PrepareTest, SaysWhatIsMissing) {
    spec_.weights = {{.path = (job() / "none.caffemodel").string()}};
    auto error = prepare_model(spec_, job()).error();
    EXPECT_EQ(error.code, ErrorCode::kNotFound);
    EXPECT_EQ(error.where, "/weights/0");
    spec_.weights.clear();
    spec_.network = {.prototxt = "layer {\n nam: 'x' }"};
    error = prepare_model(spec_, job()).error();
    EXPECT_EQ(error.where, "/network/prototxt:2:2");
    spec_.network = {.standard = "lenet"};
    fs::remove(dataset() / "dataset.json");
    EXPECT_EQ(prepare_model(spec_, job()).error().code, ErrorCode::kFailedPrecondition);
    write(dataset() / "dataset.json", "{\"labels\": 3}");
    EXPECT_EQ(prepare_model(spec_, job()).error().code, ErrorCode::kDataLoss);
    write(dataset() / "dataset.json", "not JSON");
    EXPECT_EQ(prepare_model(spec_, job()).error().code, ErrorCode::kDataLoss);
    spec_.dataset_dir.clear();
    EXPECT_EQ(prepare_model(spec_, job()).error().where, "/dataset_dir");
    EXPECT_TRUE(fs::is_empty(job()));
}

TEST_F(PrepareTest, LabelsAreSmoothedInTheTraining) {
    spec_.label_smoothing = 0.1;
    const auto prepared = prepare_model(spec_, job());
    ASSERT_TRUE(prepared) << prepared.error().to_string();
    EXPECT_THAT(text_of("train_val.prototxt"), HasSubstr("label_smoothing: 0.1"));
    EXPECT_TRUE(check_model(spec_).ok());

    spec_.network = {
        .prototxt =
            "layer { name: 'ip' type: 'InnerProduct' bottom: 'data' top: 'ip' }\n"
            "layer { name: 'loss' type: 'EuclideanLoss' bottom: 'ip' bottom: 'label' exclude { stage: 'deploy' } }\n"
            "layer { name: 'p' type: 'Softmax' bottom: 'ip' top: 'p' include { stage: 'deploy' } }\n"};
    const auto refused = prepare_model(spec_, job());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().where, "/label_smoothing");
    EXPECT_FALSE(check_model(spec_).ok());
}

TEST_F(PrepareTest, ImagesAreMixedInTheTraining) {
    spec_.mixup = 0.2;
    const auto prepared = prepare_model(spec_, job());
    ASSERT_TRUE(prepared) << prepared.error().to_string();
    const auto& net = prepared->solver.net_param();
    const auto mixup = std::ranges::find(net.layer(), "Mixup", &caffe::LayerParameter::type);
    ASSERT_NE(mixup, net.layer().end());
    EXPECT_EQ(mixup->top(0), "data");
    EXPECT_TRUE(std::all_of(net.layer().begin(), mixup, [](const auto& layer) { return layer.bottom_size() == 0; }));
    const auto loss = std::ranges::find(net.layer(), "SoftmaxWithLoss", &caffe::LayerParameter::type);
    ASSERT_NE(loss, net.layer().end());
    EXPECT_EQ(loss->bottom(2), mixup->top(1));
    EXPECT_EQ(text_of("deploy.prototxt").find("Mixup"), std::string::npos);
    EXPECT_TRUE(check_model(spec_).ok());

    spec_.network = {
        .prototxt =
            "layer { name: 'ip' type: 'InnerProduct' bottom: 'data' top: 'ip' }\n"
            "layer { name: 'loss' type: 'EuclideanLoss' bottom: 'ip' bottom: 'label' exclude { stage: 'deploy' } }\n"
            "layer { name: 'p' type: 'Softmax' bottom: 'ip' top: 'p' include { stage: 'deploy' } }\n"};
    EXPECT_EQ(prepare_model(spec_, job()).error().where, "/mixup");
}

TEST_F(PrepareTest, RareClassesCountMore) {
    spec_.class_weights = ClassWeights::kBalanced;
    auto refused = prepare_model(spec_, job());
    ASSERT_FALSE(refused) << "the dataset does not say how many samples its classes have";
    EXPECT_EQ(refused.error().where, "/class_weights");

    auto facts = dataset_json();
    facts["splits"]["train"]["per_class"] = {9000, 1000, 5000, 5000, 5000, 5000, 5000, 5000, 4999, 1};
    write(dataset() / "dataset.json", facts.dump());
    ASSERT_TRUE(prepare_model(spec_, job()));
    const auto train_val = read_net_file(job() / "train_val.prototxt");
    ASSERT_TRUE(train_val);
    const auto loss = std::ranges::find(train_val->layer(), "SoftmaxWithLoss", &caffe::LayerParameter::type);
    ASSERT_NE(loss, train_val->layer().end());
    const auto& weights = loss->loss_param().class_weight();
    // What compute_class_weight("balanced") of scikit-learn says: samples / (classes * samples of the class).
    ASSERT_EQ(weights.size(), 10);
    EXPECT_FLOAT_EQ(weights[0], 0.5F);
    EXPECT_FLOAT_EQ(weights[1], 4.5F);
    EXPECT_FLOAT_EQ(weights[2], 0.9F);
    EXPECT_FLOAT_EQ(weights[9], 4500.0F);
    EXPECT_TRUE(check_model(spec_).ok());
}

/// LeNet whose first convolution has weights, with a BatchNorm behind it.
class FreezeTest : public PrepareTest {
  protected:
    FreezeTest() {
        caffe::NetParameter weights;
        const auto add = [&](const char* name, int blobs) {
            auto& layer = *weights.add_layer();
            layer.set_name(name);
            for (int i = 0; i < blobs; ++i) layer.add_blobs()->add_data(1);
        };
        add("conv1", 2);
        add("norm1", 3);
        const auto path = folder_.path() / "start.caffemodel";
        EXPECT_TRUE(write_weights(weights, path));
        spec_.weights = {{.path = path.string()}};
        spec_.network.standard.clear();
        spec_.network.prototxt = R"(
            layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1" param { lr_mult: 1 } param { lr_mult: 2 }
                    convolution_param { num_output: 4 kernel_size: 3 } }
            layer { name: "norm1" type: "BatchNorm" bottom: "conv1" top: "conv1" }
            layer { name: "ip" type: "InnerProduct" bottom: "conv1" top: "ip" }
            layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
            layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include { stage: "deploy" } })";
        spec_.solver.freeze_percent = 50;
        spec_.epochs = 2;
    }
};

TEST_F(FreezeTest, LayersWithWeightsLearnLater) {
    const auto prepared = prepare_model(spec_, job());
    ASSERT_TRUE(prepared) << prepared.error().to_string();
    const auto half = prepared->facts.max_iter / 2;
    std::map<std::string, caffe::LayerParameter> layers;
    for (const auto& layer : prepared->solver.net_param().layer()) layers[layer.name()] = layer;
    ASSERT_EQ(layers["conv1"].param_size(), 2);
    EXPECT_EQ(layers["conv1"].param(0).frozen_until(), half);
    EXPECT_EQ(layers["conv1"].param(1).frozen_until(), half);
    EXPECT_FLOAT_EQ(layers["conv1"].param(1).lr_mult(), 2) << "what it learns with later stays";
    ASSERT_EQ(layers["norm1"].param_size(), 3);
    EXPECT_FLOAT_EQ(layers["norm1"].param(0).lr_mult(), 0) << "so that nothing is computed back through it";
    EXPECT_TRUE(layers["norm1"].batch_norm_param().use_global_stats());
    EXPECT_EQ(layers["ip"].param_size(), 0);
    EXPECT_THAT(text_of("deploy.prototxt"), testing::Not(HasSubstr("frozen_until: 1")));
}

TEST_F(FreezeTest, SomethingMustLearn) {
    // The classifier has weights, too.
    caffe::NetParameter weights = *read_weights(spec_.weights[0].path);
    auto& layer = *weights.add_layer();
    layer.set_name("ip");
    layer.add_blobs()->add_data(1);
    ASSERT_TRUE(write_weights(weights, spec_.weights[0].path));
    const auto prepared = prepare_model(spec_, job());
    ASSERT_TRUE(prepared) << prepared.error().to_string();
    EXPECT_THAT(prepared->warnings, testing::Contains(HasSubstr("nothing would learn")));
    EXPECT_THAT(text_of("train_val.prototxt"), testing::Not(HasSubstr("frozen_until")));
}

TEST_F(FreezeTest, FreezesLayersUpToOneAndSlowsTheOthersDown) {
    auto weights = *read_weights(spec_.weights[0].path);
    auto& classifier = *weights.add_layer();
    classifier.set_name("ip");
    for (const int size : {1000, 10}) classifier.add_blobs()->mutable_shape()->add_dim(size);
    ASSERT_TRUE(write_weights(weights, spec_.weights[0].path));
    spec_.solver.freeze_percent = 0;
    spec_.solver.trunk_rate = 0.25;
    const auto layers_of = [&](const PreparedModel& prepared) {
        std::map<std::string, caffe::LayerParameter> layers;
        for (const auto& layer : prepared.solver.net_param().layer()) layers[layer.name()] = layer;
        return layers;
    };
    const auto slower = prepare_model(spec_, job());
    ASSERT_TRUE(slower) << slower.error().to_string();
    auto layers = layers_of(*slower);
    EXPECT_FLOAT_EQ(layers["conv1"].param(1).lr_mult(), 0.5);
    EXPECT_EQ(layers["norm1"].param_size(), 0) << "nothing of it is learned";
    ASSERT_EQ(layers["ip"].param_size(), 2);
    EXPECT_FLOAT_EQ(layers["ip"].param(0).lr_mult(), 0.25);

    spec_.weights[0].transfer = true;
    spec_.solver.freeze_to = "norm1";
    const auto prepared = prepare_model(spec_, job());
    ASSERT_TRUE(prepared) << prepared.error().to_string();
    layers = layers_of(*prepared);
    EXPECT_FLOAT_EQ(layers["conv1"].param(0).lr_mult(), 0);
    EXPECT_FLOAT_EQ(layers["conv1"].param(1).lr_mult(), 0);
    EXPECT_TRUE(layers["norm1"].batch_norm_param().use_global_stats());
    EXPECT_EQ(layers["ip"].param_size(), 0) << "1000 outputs in the file, 10 here: it starts from scratch";
    EXPECT_THAT(prepared->warnings, testing::IsEmpty());

    spec_.solver.freeze_to = "conv9";
    EXPECT_EQ(prepare_model(spec_, job()).error().where, "/solver/freeze_to");
    EXPECT_FALSE(check_model(spec_).ok());
}

TEST_F(FreezeTest, StatisticsOfVerySmallBatchesReplaceNoneThatWereTransferred) {
    spec_.solver.freeze_percent = 0;
    const auto keeps_statistics = [&](int batch_size, bool transfer) {
        spec_.batch_size = batch_size;
        spec_.weights[0].transfer = transfer;
        const auto prepared = prepare_model(spec_, job());
        EXPECT_TRUE(prepared) << prepared.error().to_string();
        for (const auto& layer : prepared->solver.net_param().layer())
            if (layer.name() == "norm1") return layer.batch_norm_param().use_global_stats();
        return false;
    };
    EXPECT_TRUE(keeps_statistics(2, true));
    EXPECT_FALSE(keeps_statistics(4, true));
    EXPECT_FALSE(keeps_statistics(2, false)) << "fine-tuning is as in Caffe";
}

TEST_F(FreezeTest, NeedsWeights) {
    spec_.weights.clear();
    const auto refused = prepare_model(spec_, job());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().where, "/solver/freeze_percent");
    const auto check = check_model(spec_);
    EXPECT_FALSE(check.ok());
    spec_.solver.freeze_percent = 0;
    spec_.solver.freeze_to = "conv1";
    EXPECT_EQ(prepare_model(spec_, job()).error().where, "/solver/freeze_to");
    spec_.solver.freeze_to.clear();
    spec_.solver.trunk_rate = 0.1;
    EXPECT_EQ(prepare_model(spec_, job()).error().where, "/solver/trunk_rate");
}

TEST_F(PrepareTest, WarnsOfABatchLargerThanTheTrainingSet) {
    spec_.batch_size = 45000;
    EXPECT_TRUE(prepare_model(spec_, job())->warnings.empty());
    EXPECT_TRUE(check_model(spec_).findings.empty());
    spec_.batch_size = 45001;
    EXPECT_THAT(prepare_model(spec_, job())->warnings, ElementsAre(HasSubstr("training set of 45000 images")));
    const auto check = check_model(spec_);
    ASSERT_EQ(check.findings.size(), 1U);
    EXPECT_EQ(check.findings[0].severity, Severity::kWarning);
}

TEST_F(PrepareTest, ForeseesWhatSnapshotsTakeOnTheDisk) {
    caffe::SolverParameter solver;
    solver.set_max_iter(1000);
    solver.set_snapshot(10);
    const std::int64_t weights = 4 * 1000;
    EXPECT_EQ(snapshots_bytes(spec_, solver, 1000), (5 + 2) * weights) << "three, the best, a new one; two states";
    solver.set_type("AdamW");
    EXPECT_EQ(snapshots_bytes(spec_, solver, 1000), (5 + 4) * weights);
    spec_.keep_all_snapshots = true;
    EXPECT_EQ(snapshots_bytes(spec_, solver, 1000), (101 + 202) * weights);
    solver.set_snapshot(0);
    EXPECT_EQ(snapshots_bytes(spec_, solver, 1000), (1 + 2) * weights) << "only at the end";
}

TEST_F(PrepareTest, ImagesInHdf5AreNotVaried) {
    auto facts = dataset_json();
    facts["storage"]["backend"] = "hdf5";
    write(dataset() / "dataset.json", facts.dump());
    ASSERT_TRUE(prepare_model(spec_, job()));
    spec_.augmentation.rotation = 10;
    const auto error = prepare_model(spec_, job()).error();
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(error.where, "/augmentation");
    EXPECT_THAT(error.advice, HasSubstr("LMDB"));
    EXPECT_FALSE(check_model(spec_).ok());
}

TEST_F(PrepareTest, SaysHowManyBoxesAreTooSmallForTheNetwork) {
    spec_.network.standard = "detector";
    const auto findings = [&](const json& sides) {
        auto facts = dataset_json();
        facts["type"] = "detection";
        facts["target"] = "boxes";
        facts["image"] = {{"width", 320}, {"height", 320}, {"channels", 3}, {"resize", "fill"}};
        facts["splits"]["train"]["label_db"] = "train_labels_db";
        facts["splits"]["train"]["box_sides"] = sides;
        facts["splits"]["val"]["label_db"] = "val_labels_db";
        facts["mean_pixel"] = {1, 2, 3};
        write(dataset() / "dataset.json", facts.dump());
        const auto check = check_model(spec_);
        EXPECT_TRUE(check.ok()) << to_json(check.findings.front());
        return check.findings;
    };
    // 19 below 8 pixels, 31 of them and more.
    const auto found = findings({0, 0, 0, 0, 4, 0, 0, 15, 30, 1});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].severity, Severity::kWarning);
    EXPECT_THAT(found[0].message,
                HasSubstr("38 % of the boxes are smaller than 8 px, the smallest size that the network can match"));
    EXPECT_THAT(found[0].advice, HasSubstr("larger images"));
    EXPECT_TRUE(findings({0, 0, 0, 1, 0, 0, 0, 0, 99}).empty()) << "one of 100";
    EXPECT_TRUE(findings(json::array()).empty()) << "a dataset of an earlier version";
}

TEST_F(PrepareTest, ACheckShowsTheFilesAndWritesNone) {
    const auto check = check_model(spec_);
    EXPECT_TRUE(check.ok());
    const auto texts = format_texts(check);
    ASSERT_TRUE(texts.train_val && texts.deploy && texts.solver);
    EXPECT_TRUE(fs::is_empty(job()));
    ASSERT_TRUE(prepare_model(spec_, job()));
    EXPECT_EQ(*texts.train_val, text_of("train_val.prototxt"));
    EXPECT_EQ(*texts.deploy, text_of("deploy.prototxt"));
    EXPECT_EQ(*texts.solver, text_of("solver.prototxt"));
}

TEST_F(PrepareTest, ACheckNeedsNoDataset) {
    spec_.dataset_dir.clear();
    auto check = check_model(spec_);
    EXPECT_TRUE(check.ok());
    EXPECT_TRUE(check.findings.empty());
    EXPECT_THAT(*format_texts(check).deploy, HasSubstr("dim: 28"));
    EXPECT_FALSE(format_texts(check).solver);
    spec_.dataset_dir = (folder_.path() / "absent").string();
    check = check_model(spec_);
    EXPECT_TRUE(check.ok());
    ASSERT_EQ(check.findings.size(), 1U);
    EXPECT_EQ(check.findings[0].severity, Severity::kWarning);
}

TEST_F(PrepareTest, ACheckOfAStandardNetworkNeedsNoFinishedDataset) {
    for (const auto* task : {"classification", "detection", "segmentation", "processing", "regression", "multilabel"})
        for (const auto& network : standard_networks(task)) {
            ModelSpec spec;
            spec.network.standard = network.name;
            const auto check = check_model(spec, AssumedImages{network.width, network.height, network.channels, 10,
                                                               task, network.images_per_record});
            EXPECT_TRUE(check.ok()) << network.name;
            EXPECT_THAT(check.findings, testing::IsEmpty()) << network.name << ": " << check.findings.front().message;
        }
}

TEST_F(PrepareTest, PairsAreForSiameseNetworksGreyOrInColor) {
    ModelSpec spec;
    for (const int channels : {1, 3}) {
        spec.network.standard = "siamese";
        EXPECT_TRUE(check_model(spec, AssumedImages{28, 28, channels, 2, "regression", 2}).ok()) << channels;
        spec.network.standard = "regression";
        EXPECT_FALSE(check_model(spec, AssumedImages{28, 28, channels, 2, "regression", 2}).ok()) << channels;
    }
}

TEST_F(PrepareTest, ImagesToMakeHaveTheChannelsOfAnUnfinishedDataset) {
    ModelSpec spec;
    spec.network.standard = "image_to_image";
    for (const int channels : {1, 3}) {
        const auto check = check_model(spec, AssumedImages{64, 64, channels, 10, "processing"});
        ASSERT_TRUE(check.files);
        const auto& layers = check.files->train_val.layer();
        const auto output = std::ranges::find_if(layers, [](const auto& layer) { return layer.name() == "output"; });
        ASSERT_NE(output, layers.end());
        EXPECT_EQ(output->convolution_param().num_output(), channels);
    }
}

TEST_F(PrepareTest, ACheckKeepsTheWarningsWhenAnErrorFollows) {
    spec_.network = {.prototxt = R"(
        layer { name: "t" type: "Data" top: "data" top: "label" include { stage: "train" } transform_param { crop_size: 227 } }
        layer { name: "v" type: "Data" top: "data" top: "label" include { stage: "val" } }
        layer { name: "ip" type: "InnerProduct" bottom: "nothing" top: "ip" })"};
    const auto check = check_model(spec_);
    EXPECT_FALSE(check.ok());
    std::vector<std::string> said;
    for (const auto& finding : check.findings)
        said.push_back(std::string(enum_name(finding.severity)) + " " + finding.layer);
    EXPECT_THAT(said, testing::Contains("warning t"));
    EXPECT_THAT(said, testing::Contains("error ip"));
}

TEST_F(PrepareTest, ACheckTellsEveryFindingWithItsPlace) {
    spec_.network = {.prototxt = "layer { nam: 'x' }\nlayer { typ: 'y' }\n"};
    auto check = check_model(spec_);
    EXPECT_FALSE(check.ok());
    EXPECT_FALSE(check.files);
    ASSERT_EQ(check.findings.size(), 2U);
    EXPECT_EQ(check.findings[1].line, 2);
    EXPECT_EQ(check.findings[1].column, 9);

    spec_.network = {.prototxt = "layer { bottom: \"odd\" }\nlayer {\n  name: \"odd\" type: \"ImageData\" }\n"};
    check = check_model(spec_);
    ASSERT_EQ(check.findings.size(), 1U);
    EXPECT_EQ(check.findings[0].layer, "odd");
    EXPECT_EQ(check.findings[0].line, 3);
    EXPECT_THAT(check.findings[0].advice, HasSubstr("Leave the layer out"));

    spec_.network = {.standard = "alexnet"};
    check = check_model(spec_);
    EXPECT_TRUE(check.ok());
    ASSERT_EQ(check.findings.size(), 2U);  // the crop of both data layers
    EXPECT_EQ(check.findings[0].severity, Severity::kWarning);
    EXPECT_EQ(check.findings[0].layer, "train-data");
}

TEST_F(PrepareTest, SnapshotsAreListedOldestFirst) {
    EXPECT_TRUE(list_snapshots(job())->empty());
    write(job() / "snapshot_iter_1408.caffemodel", "1234");
    write(job() / "snapshot_iter_1408.solverstate", "12");
    write(job() / "snapshot_iter_704.caffemodel.h5", "1");
    write(job() / "snapshot_iter_2.solverstate", "1");
    write(job() / "snapshot_iter_x.caffemodel", "1");
    write(job() / "snapshot_iter_99999999999999999999.caffemodel", "1");
    write(job() / "snapshot_iter_3.caffemodel.writing-0a0b0c0d", "1");
    auto snapshots = list_snapshots(job());
    ASSERT_TRUE(snapshots);
    ASSERT_EQ(snapshots->size(), 2U);
    EXPECT_FALSE(snapshots->front().epoch);
    ASSERT_TRUE(prepare_model(spec_, job()));
    snapshots = list_snapshots(job());
    EXPECT_EQ((*snapshots)[0].iteration, 704);
    EXPECT_EQ((*snapshots)[0].weights, "snapshot_iter_704.caffemodel.h5");
    EXPECT_EQ((*snapshots)[0].state, "");
    EXPECT_EQ((*snapshots)[0].epoch, 1);
    EXPECT_EQ((*snapshots)[1].state, "snapshot_iter_1408.solverstate");
    EXPECT_EQ((*snapshots)[1].bytes, 6U);
    EXPECT_EQ((*snapshots)[1].epoch, 2);
    EXPECT_EQ(list_snapshots(folder_.path() / "absent").error().code, ErrorCode::kNotFound);
}

/// A network with a mean of its own; without the dataset's.
constexpr const char* kOwnMean =
    "layer { name: 'data' type: 'Data' top: 'data' top: 'label' include { stage: 'train' }\n"
    "  transform_param { mean_file: 'FILE' } }\n"
    "layer { name: 'data' type: 'Data' top: 'data' top: 'label' include { stage: 'val' } }\n"
    "layer { name: 'ip' type: 'InnerProduct' bottom: 'data' top: 'ip' }\n"
    "layer { name: 'loss' type: 'SoftmaxWithLoss' bottom: 'ip' bottom: 'label' exclude { stage: 'deploy' } }\n"
    "layer { name: 'p' type: 'Softmax' bottom: 'ip' top: 'p' include { stage: 'deploy' } }\n";

TEST_F(PrepareTest, ACheckReadsTheMeansThatANetworkNames) {
    const auto error_of = [&](const std::string& file) -> std::string {
        spec_.mean = MeanMode::kNone;
        spec_.network = {.prototxt = kOwnMean};
        spec_.network.prototxt.replace(spec_.network.prototxt.find("FILE"), 4, file);
        const auto check = check_model(spec_);
        EXPECT_TRUE(check.files);
        const auto checked = check_own_means(check.files->train_val, check.dataset, job());
        if (checked) return "";
        EXPECT_THAT(checked.error().advice, HasSubstr("compute_image_mean"));
        return checked.error().message;
    };
    const auto mean = [&](const char* name, int side) {
        caffe::BlobProto blob;
        for (const int size : {1, side, side}) blob.mutable_shape()->add_dim(size);
        for (int i = 0; i < side * side; ++i) blob.add_data(1);
        write(folder_.path() / name, blob.SerializeAsString());
        return "../" + std::string(name);
    };
    EXPECT_EQ(error_of(mean("fitting", 28)), "");
    EXPECT_THAT(error_of(mean("small", 20)),
                HasSubstr("[data] its mean_file is for images of 20 x 20 (channels: 1), those of the dataset are 28"));
    EXPECT_THAT(error_of("../none"), HasSubstr("[data] its mean_file cannot be used"));
    write(folder_.path() / "text", "no mean");
    EXPECT_THAT(error_of("../text"), HasSubstr("[data] its mean_file cannot be used"));
    const auto pipe = folder_.path() / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_THAT(error_of("../pipe"), HasSubstr("[data] its mean_file cannot be used"));
}

TEST_F(PrepareTest, ACheckWithAnotherSizeChangesTheSizeAlone) {
    const auto check = check_model(spec_);
    const auto larger = check_with_size(spec_, *check.network, check, 64, 32);
    ASSERT_TRUE(larger.files);
    EXPECT_TRUE(larger.has_dataset);
    EXPECT_EQ(larger.dataset.label_count, check.dataset.label_count);
    EXPECT_EQ(larger.dataset.width, 64);
    EXPECT_EQ(larger.dataset.height, 32);
}

}  // namespace
}  // namespace digits
