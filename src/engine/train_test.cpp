#include "engine/train.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "data/datum.hpp"
#include "data/lmdb.hpp"
#include "data/testing_leveldb.hpp"
#include "engine/snapshot.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using Point = std::pair<std::string, std::int64_t>;

/// Keeps the events; can ask for an abort as soon as an event fulfils a condition.
class RecordingContext final : public TaskContext {
  public:
    explicit RecordingContext(fs::path dir) : dir_(std::move(dir)) {}
    const fs::path& job_dir() const override { return dir_; }
    void emit(const nlohmann::json& event) override {
        events.push_back(event);
        if (abort_when && abort_when(event)) abort_ = true;
    }
    bool abort_requested() const override { return abort_; }
    bool take_snapshot_request() override { return std::exchange(snapshot_wanted, false); }

    /// Every number that does not depend on the clock.
    std::map<Point, double> metrics() const {
        std::map<Point, double> points;
        for (const auto& event : events) {
            if (event["event"] != "metrics") continue;
            for (const auto& [name, value] : event["values"].items())
                if (name != "images_per_s" && name != "data_wait")
                    points[{event["phase"].get<std::string>() + "/" + name, event["iteration"].get<std::int64_t>()}] =
                        value.get<double>();
        }
        return points;
    }

    std::vector<nlohmann::json> events;
    std::function<bool(const nlohmann::json&)> abort_when;
    bool snapshot_wanted = false;

  private:
    fs::path dir_;
    bool abort_ = false;
};

/// Pictures of two classes: a bright upper or a bright lower half, with noise.
void write_database(const fs::path& dir, int count, std::uint32_t seed) {
    auto writer = *LmdbWriter::create(dir);
    for (int i = 0; i < count; ++i) {
        Image image;
        image.reset(10, 10, 1);
        for (int y = 0; y < 10; ++y)
            for (int x = 0; x < 10; ++x) {
                seed = seed * 1664525U + 1013904223U;
                image.row(y)[x] = static_cast<std::uint8_t>((seed >> 25) + ((y < 5) == (i % 2 == 0) ? 100 : 0));
            }
        ASSERT_TRUE(writer.put(fmt::format("{:08}", i), raw_datum(image, i % 2)));
    }
    ASSERT_TRUE(writer.finish());
}

constexpr std::string_view kNet = R"(
layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN }
        transform_param { crop_size: 8 mirror: true scale: 0.01 } data_param { source: "train_db" batch_size: 12 backend: LMDB } }
layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TEST }
        transform_param { crop_size: 8 scale: 0.01 } data_param { source: "val_db" batch_size: 10 backend: LMDB } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "drop" type: "Dropout" bottom: "pool" top: "pool" }
layer { name: "ip" type: "InnerProduct" bottom: "pool" top: "ip" inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
)";

class Train : public testing::Test {
  protected:
    /// A job folder with databases, network and solver.
    fs::path job(const std::string& name,
                 const std::string& solver = "base_lr: 0.05 lr_policy: \"fixed\" momentum: 0.9") {
        const auto dir = folder_.path() / name;
        fs::create_directories(dir);
        write_database(dir / "train_db", 50, 1);
        write_database(dir / "val_db", 20, 2);
        std::ofstream(dir / "net.prototxt") << kNet;
        std::ofstream(dir / "solver.prototxt")
            << "net: \"net.prototxt\" test_iter: 2 test_interval: 8 max_iter: 40 display: 3 snapshot: 16 "
               "snapshot_prefix: \"snapshot\" weight_decay: 0.0005 "
            << solver;
        return dir;
    }

    static TrainOptions options(const fs::path& dir) {
        TrainOptions options;
        options.solver_file = dir / "solver.prototxt";
        options.iterations_per_epoch = 8;
        options.seed = 7;
        options.threads = 1;
        return options;
    }

    static Result<TrainSummary> run(const fs::path& dir, RecordingContext& context) {
        return train(options(dir), context);
    }

    TemporaryFolder folder_;
};

TEST_F(Train, LearnsAndTellsHow) {
    const auto dir = job("job");
    RecordingContext context(dir);
    const auto summary = run(dir, context);
    ASSERT_TRUE(summary) << summary.error().to_string();
    EXPECT_EQ(summary->iterations, 40);
    EXPECT_FALSE(summary->aborted);
    EXPECT_GE(summary->best_accuracy, 0.95);
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

TEST_F(Train, LearnsTheSameFromLevelDb) {
    const auto lmdb = job("lmdb"), leveldb = job("leveldb");
    // Caffe's default backend is LEVELDB.
    auto net = std::string(kNet);
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
    auto net = std::string(kNet);
    net.replace(net.find("num_output: 4"), 13, "num_output: 5");
    std::ofstream(wrong / "net.prototxt") << net;
    from.solver_file = wrong / "solver.prototxt";
    RecordingContext refused(wrong);
    const auto summary = train(from, refused);
    ASSERT_FALSE(summary);
    EXPECT_NE(summary.error().message.find("conv"), std::string::npos) << summary.error().to_string();
}

}  // namespace
}  // namespace digits
