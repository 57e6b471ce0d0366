#include "engine/solver/train.hpp"

#include <algorithm>
#include <cmath>

#include "caffe/prototxt.hpp"
#include "caffe/weights.hpp"
#include "data/records/databases/testing_leveldb.hpp"
#include "engine/device/device.hpp"
#include "engine/solver/caffe_trainee.hpp"
#include "engine/solver/snapshot.hpp"
#include "engine/solver/train_fixture.hpp"
#include "training/conformance.hpp"

namespace digits {
namespace {

TEST_F(Train, LearnsAndTellsHow) {
    const auto dir = job("job");
    RecordingContext context(dir);
    const auto summary = run(dir, context);
    ASSERT_TRUE(summary) << summary.error().to_string();
    EXPECT_EQ(summary->iterations, 40);
    EXPECT_FALSE(summary->aborted);
    EXPECT_GE(best_accuracy(*summary), 0.95);
    const auto metrics = context.metrics();
    EXPECT_EQ(metrics.count({"val/accuracy", 0}), 1U) << "tested before the first iteration";
    EXPECT_EQ(metrics.count({"val/accuracy", 40}), 1U) << "tested after the last";
    EXPECT_LT(metrics.at({"train/loss", 39}), metrics.at({"train/loss", 0}));
    EXPECT_FLOAT_EQ(static_cast<float>(metrics.at({"train/lr", 3})), 0.05F);
    std::vector<std::int64_t> snapshots;
    for (const auto& event : context.events)
        if (event["event"] == "snapshot") snapshots.push_back(event["iteration"]);
    EXPECT_EQ(snapshots, (std::vector<std::int64_t>{16, 32, 40}));
    EXPECT_EQ(find_newest_snapshot(dir / "snapshot")->iteration, 40);
}

TEST_F(Train, CaffeTraineeConforms) {
    test_trainee([original = job("original")](const fs::path& folder, TaskContext& context) {
        if (!fs::exists(folder / "solver.prototxt")) fs::copy(original, folder, fs::copy_options::recursive);
        CaffeTraineeOptions options;
        options.solver = *read_solver_file(folder / "solver.prototxt");
        options.solver.set_max_iter(12);
        options.solver.set_display(1);
        options.solver.set_snapshot(4);
        options.solver.set_test_interval(4);
        options.folder = folder;
        options.snapshot_prefix = folder / "snapshot";
        options.threads = 1;
        const auto plan = training_plan(options.solver, 4);
        return TraineeInTest{std::make_unique<CaffeTrainee>(options, context), plan};
    });
}

TEST_F(Train, IsTheSameWithTheNetworkInMemory) {
    const auto files = job("files"), memory = job("memory");
    RecordingContext from_files(files);
    ASSERT_TRUE(run(files, from_files));
    auto chosen = options(memory);
    chosen.solver = *read_solver_file(memory / "solver.prototxt");
    *chosen.solver->mutable_net_param() = *read_net_file(memory / "net.prototxt");
    chosen.solver->clear_net();
    fs::remove(memory / "solver.prototxt");
    fs::remove(memory / "net.prototxt");
    RecordingContext from_memory(memory);
    const auto summary = train(chosen, from_memory);
    ASSERT_TRUE(summary) << summary.error().to_string();
    EXPECT_EQ(from_memory.metrics(), from_files.metrics());
    EXPECT_EQ(*read_file(files / "snapshot_iter_40.caffemodel"), *read_file(memory / "snapshot_iter_40.caffemodel"));
}

TEST_F(Train, PutsTheSolversNameIntoAPrefixThatIsAFolder) {
    const auto dir = job("job");
    fs::create_directories(dir / "snapshot");
    RecordingContext context(dir);
    ASSERT_TRUE(run(dir, context));
    EXPECT_TRUE(fs::exists(dir / "snapshot/solver_iter_40.caffemodel"));
    EXPECT_TRUE(fs::exists(dir / "snapshot/solver_iter_40.solverstate"));
}

TEST_F(Train, TwoRunsAreEqual) {
    std::vector<std::map<Point, double>> all;
    for (const std::string name : {"first", "second"}) {
        const auto dir = job(name);
        RecordingContext context(dir);
        ASSERT_TRUE(run(dir, context));
        all.push_back(context.metrics());
    }
    EXPECT_EQ(all[0], all[1]);
    EXPECT_EQ(*read_file(folder_.path() / "first/snapshot_iter_40.caffemodel"),
              *read_file(folder_.path() / "second/snapshot_iter_40.caffemodel"));
}

/// Trains in the one folder, and in the other with an abort and a resume between: dropout, mirroring, cropping,
/// momentum and data order all go on as if nothing had happened.
void expect_resumed_equals_whole(const fs::path& whole_dir, const fs::path& dir,
                                 const std::function<Result<TrainSummary>(const fs::path&, RecordingContext&)>& run) {
    RecordingContext whole(whole_dir);
    ASSERT_TRUE(run(whole_dir, whole));

    RecordingContext first(dir);
    first.abort_when = [](const auto& event) {
        return event["event"] == "metrics" && event["phase"] == "train" && event["iteration"] == 21;
    };
    const auto aborted = run(dir, first);
    ASSERT_TRUE(aborted) << aborted.error().to_string();
    EXPECT_TRUE(aborted->aborted);
    EXPECT_EQ(aborted->iterations, 22);
    EXPECT_EQ(find_newest_snapshot(dir / "snapshot")->iteration, 22) << "an aborted training keeps what it learned";
    // As after kill -9: only the regular snapshot is there, with a torn file beside it.
    fs::remove(dir / "snapshot_iter_22.solverstate");
    std::ofstream(dir / "snapshot_iter_24.caffemodel") << "torn";

    RecordingContext second(dir);
    const auto resumed = run(dir, second);
    ASSERT_TRUE(resumed) << resumed.error().to_string();
    auto both = first.metrics();
    for (const auto& [point, value] : second.metrics()) {
        if (both.contains(point)) {
            EXPECT_EQ(both[point], value) << point.first << " at " << point.second;
        }
        both[point] = value;
    }
    EXPECT_EQ(both, whole.metrics());
    EXPECT_EQ(*read_file(whole_dir / "snapshot_iter_40.caffemodel"), *read_file(dir / "snapshot_iter_40.caffemodel"));
    EXPECT_EQ(*read_file(whole_dir / "snapshot_iter_40.solverstate"), *read_file(dir / "snapshot_iter_40.solverstate"));
}

class Resume : public Train, public testing::WithParamInterface<const char*> {};

TEST_P(Resume, EqualsTheUninterruptedRun) {
    const std::string type = GetParam();
    const std::string solver =
        "lr_policy: \"step\" gamma: 0.5 stepsize: 10 base_lr: 0.02 iter_size: 2 clip_gradients: 2 type: \"" + type +
        (type == "AdaGrad" || type == "RMSProp" ? "\"" : "\" momentum: 0.9") +
        (type == "AdaDelta" ? " delta: 1e-6" : "");
    expect_resumed_equals_whole(job("whole", solver), job("interrupted", solver), run);
}

INSTANTIATE_TEST_SUITE_P(Solvers, Resume, testing::Values("SGD", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta", "Adam"),
                         [](const auto& test) { return std::string(test.param); });

/// The network with its convolution frozen until an iteration.
void freeze_convolution(const fs::path& dir, int iteration) {
    auto net = std::string(kTrainedNet);
    net.insert(net.find("convolution_param"),
               fmt::format("param {{ frozen_until: {} }} param {{ frozen_until: {} }} ", iteration, iteration));
    std::ofstream(dir / "net.prototxt") << net;
}

std::string convolution_weights(const fs::path& weights) {
    const auto net = *read_weights(weights);
    for (const auto& layer : net.layer())
        if (layer.name() == "conv") return layer.blobs(0).SerializeAsString();
    return {};
}

TEST_F(Train, LeavesFrozenLayersAsTheyAreUntilTheyThaw) {
    const auto dir = job("job");
    freeze_convolution(dir, 20);
    auto once = options(dir);
    RecordingContext context(dir);
    ASSERT_TRUE(train(once, context));
    const auto untrained = job("untrained", "base_lr: 1e-20 lr_policy: \"fixed\"");
    RecordingContext other(untrained);
    ASSERT_TRUE(run(untrained, other));
    const auto first = convolution_weights(untrained / "snapshot_iter_16.caffemodel");
    EXPECT_EQ(convolution_weights(dir / "snapshot_iter_16.caffemodel"), first);
    EXPECT_NE(convolution_weights(dir / "snapshot_iter_32.caffemodel"), first);
    EXPECT_NE(*read_file(dir / "snapshot_iter_16.caffemodel"), *read_file(untrained / "snapshot_iter_16.caffemodel"))
        << "the other layers learn";
    EXPECT_GE(context.metrics().at({"val/accuracy", 40}), 0.9);
}

TEST_F(Train, FixesStatisticsAfterAPartOfTheTraining) {
    const auto with_norm = [](const fs::path& dir) {
        auto net = std::string(kTrainedNet);
        net.insert(
            net.find(R"(layer { name: "relu")"),
            R"(layer { name: "norm" type: "BatchNorm" bottom: "conv" top: "conv" batch_norm_param { fixed_after_percent: 50 } } )");
        std::ofstream(dir / "net.prototxt") << net;
        return dir;
    };
    const auto statistics = [](const fs::path& weights) {
        const auto net = *read_weights(weights);
        for (const auto& layer : net.layer())
            if (layer.name() == "norm") return layer.blobs(0).SerializeAsString();
        return std::string();
    };
    const auto dir = with_norm(job("job"));
    RecordingContext context(dir);
    ASSERT_TRUE(run(dir, context));
    EXPECT_NE(statistics(dir / "snapshot_iter_16.caffemodel"), statistics(dir / "snapshot_iter_32.caffemodel"));
    EXPECT_EQ(statistics(dir / "snapshot_iter_32.caffemodel"), statistics(dir / "snapshot_iter_40.caffemodel"));
    expect_resumed_equals_whole(with_norm(job("whole")), with_norm(job("interrupted")), run);
}

TEST_F(Train, TakesWhatFitsOfAnotherNetworksWeights) {
    const auto dir = job("job");
    RecordingContext first(dir);
    ASSERT_TRUE(run(dir, first));
    const auto weights = dir / "snapshot_iter_40.caffemodel";
    const auto other = job("other", "base_lr: 1e-20 lr_policy: \"fixed\"");
    auto stored = *read_weights(weights);
    std::string changed;
    for (auto& layer : *stored.mutable_layer()) {
        if (layer.name() == "conv" || layer.blobs_size() == 0) continue;
        changed = layer.name();
        layer.mutable_blobs(0)->mutable_shape()->add_dim(1);
    }
    ASSERT_NE(changed, "");
    ASSERT_TRUE(write_weights(stored, other / "start.caffemodel"));
    auto wanted = options(other);
    wanted.weights = {other / "start.caffemodel"};
    RecordingContext refused(other);
    EXPECT_FALSE(train(wanted, refused));
    wanted.restarts_differing = true;
    RecordingContext taken(other);
    const auto trained = train(wanted, taken);
    ASSERT_TRUE(trained) << trained.error().to_string();
    EXPECT_EQ(convolution_weights(other / "snapshot_iter_16.caffemodel"), convolution_weights(weights));
    EXPECT_TRUE(std::ranges::any_of(taken.events, [&](const auto& event) {
        return event.value("text", "").ends_with("layers of another shape start from scratch: " + changed);
    }));
}

/// Resumed at 16, aborted at 22: frozen until before, between and after them.
TEST_F(Train, ResumesWithFrozenLayers) {
    for (const int until : {16, 19, 30}) {
        SCOPED_TRACE(until);
        const auto whole = job(fmt::format("whole-{}", until)), interrupted = job(fmt::format("interrupted-{}", until));
        freeze_convolution(whole, until);
        freeze_convolution(interrupted, until);
        expect_resumed_equals_whole(whole, interrupted, run);
    }
}

TEST_F(Train, LearnsTheSameFromLevelDb) {
    const auto lmdb = job("lmdb"), leveldb = job("leveldb");
    // Caffe's default backend is LEVELDB.
    auto net = std::string(kTrainedNet);
    for (std::size_t at = 0; (at = net.find("backend: LMDB")) != std::string::npos;) net.erase(at, 13);
    for (const auto& dir : {lmdb, leveldb}) std::ofstream(dir / "net.prototxt") << net;
    for (const std::string database : {"train_db", "val_db"}) {
        copy_to_leveldb(leveldb / database, leveldb / "copy");
        fs::remove_all(leveldb / database);
        fs::rename(leveldb / "copy", leveldb / database);
    }
    expect_resumed_equals_whole(lmdb, leveldb, run);
}

TEST_F(Train, WritesASnapshotWhenAsked) {
    const auto dir = job("job");
    RecordingContext context(dir);
    context.snapshot_wanted = true;
    ASSERT_TRUE(run(dir, context));
    EXPECT_TRUE(fs::exists(dir / "snapshot_iter_1.solverstate"));
}

TEST_F(Train, StopsWithAdviceWhenTheLossExplodes) {
    const auto dir = job("job", "base_lr: 1e6 lr_policy: \"fixed\"");
    RecordingContext context(dir);
    const auto summary = run(dir, context);
    ASSERT_FALSE(summary);
    EXPECT_EQ(summary.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_NE(summary.error().advice.find("learning rate"), std::string::npos) << summary.error().to_string();
}

TEST_F(Train, NamesTheMissingDatabase) {
    const auto dir = job("job");
    fs::remove_all(dir / "val_db");
    RecordingContext context(dir);
    const auto summary = run(dir, context);
    ASSERT_FALSE(summary);
    EXPECT_NE(summary.error().to_string().find("val_db"), std::string::npos) << summary.error().to_string();
}

TEST_F(Train, StartsFromWeightsAndRefusesOtherShapes) {
    const auto teacher = job("teacher");
    RecordingContext context(teacher);
    ASSERT_TRUE(run(teacher, context));
    const auto dir = job("pupil");
    auto from = options(dir);
    from.weights = {teacher / "snapshot_iter_40.caffemodel"};
    RecordingContext pupil(dir);
    ASSERT_TRUE(train(from, pupil));
    EXPECT_EQ((pupil.metrics().at({"val/accuracy", 0})), (context.metrics().at({"val/accuracy", 40})));

    const auto wrong = job("wrong");
    auto net = std::string(kTrainedNet);
    net.replace(net.find("num_output: 4"), 13, "num_output: 5");
    std::ofstream(wrong / "net.prototxt") << net;
    from.solver_file = wrong / "solver.prototxt";
    RecordingContext refused(wrong);
    const auto summary = train(from, refused);
    ASSERT_FALSE(summary);
    EXPECT_NE(summary.error().message.find("conv"), std::string::npos) << summary.error().to_string();
}

class TrainOnGpu : public Train, public testing::WithParamInterface<Precision> {};

TEST_P(TrainOnGpu, LearnsAndGoesOnAfterAnAbort) {
    if (!default_device().is_cuda) GTEST_SKIP() << "there is no GPU";
    const auto dir = job("job");
    auto chosen = options(dir);
    chosen.device = default_device();
    chosen.precision = GetParam();
    RecordingContext first(dir);
    first.abort_when = [](const auto& event) { return event["event"] == "snapshot" && event["iteration"] == 16; };
    const auto aborted = train(chosen, first);
    ASSERT_TRUE(aborted) << aborted.error().to_string();
    EXPECT_TRUE(aborted->aborted);
    RecordingContext second(dir);
    const auto summary = train(chosen, second);
    ASSERT_TRUE(summary) << summary.error().to_string();
    EXPECT_GE(summary->first_iteration, 16);
    EXPECT_EQ(summary->iterations, 40);
    EXPECT_GE(best_accuracy(*summary), 0.95);
}

INSTANTIATE_TEST_SUITE_P(Precisions, TrainOnGpu, testing::Values(Precision::kFp32, Precision::kBf16, Precision::kFp16),
                         [](const auto& test) { return std::string(enum_name(test.param)); });

}  // namespace
}  // namespace digits
