#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/file.hpp"
#include "data/records/databases/lmdb.hpp"
#include "data/records/datum.hpp"
#include "engine/solver/train.hpp"
#include "training/recording_context.hpp"

namespace digits {

namespace fs = std::filesystem;
/// Images of two classes: a bright upper or a bright lower half, with noise.
inline void write_database(const fs::path& dir, int count, std::uint32_t seed) {
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

inline constexpr std::string_view kTrainedNet = R"(
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

/// Of the validations; 0 without any.
inline double best_accuracy(const TrainSummary& summary) {
    const auto best = summary.validations.best({"accuracy", true});
    return best ? best->value : 0;
}

/// Trains on images of two classes, in folders that are gone afterwards.
class Train : public testing::Test {
  protected:
    /// A job folder with databases, network and solver.
    fs::path job(const std::string& name,
                 const std::string& solver = "base_lr: 0.05 lr_policy: \"fixed\" momentum: 0.9") {
        const auto dir = folder_.path() / name;
        fs::create_directories(dir);
        write_database(dir / "train_db", 50, 1);
        write_database(dir / "val_db", 20, 2);
        std::ofstream(dir / "net.prototxt") << kTrainedNet;
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

}  // namespace digits
