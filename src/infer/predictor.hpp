#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "engine/net/blob.hpp"
#include "image/image.hpp"

namespace digits {

struct PredictorOptions {
    std::filesystem::path model_dir;    ///< with deploy.prototxt, train_val.prototxt and snapshots
    std::filesystem::path dataset_dir;  ///< with dataset.json and labels.txt
    std::string snapshot;               ///< a file in model_dir; empty: the newest
    Device device;
    int threads = 0;  ///< 0: all cores
};

struct Prediction {
    std::int64_t index = 0;
    std::string label;
    float probability = 0;
};

/// A trained classification network, loaded once. One thread at a time.
class Predictor {
  public:
    /// Errors: kNotFound without a snapshot; kInvalidArgument when files do not fit; kDataLoss.
    static Result<std::unique_ptr<Predictor>> open(const PredictorOptions& options);
    ~Predictor();

    /// The `top` best classes of each picture, best first.
    Result<std::vector<std::vector<Prediction>>> classify(const std::vector<Image>& pictures, int top);

    /// The classes' names.
    const std::vector<std::string>& labels() const;
    /// How many numbers the network takes for one picture.
    std::size_t input_size() const;
    /// Writes them. Any number of threads at once.
    void prepare(const Image& picture, float* input) const;
    /// All classes' values for `count` prepared pictures, one picture after the other.
    Result<std::vector<float>> scores(const float* inputs, std::size_t count);

    /// Answers `{"type": "classify", "images": [{"path": …}], "top": 5}` (docs/formats/specs.md). A picture that cannot
    /// be read has its `error` and no predictions. Or `{"type": "layers", "path": …, "folder": …, "top": 5}`:
    /// predictions and what is inside the network (layer_report.hpp), pictures of it going to the folder.
    Result<nlohmann::json> answer(const nlohmann::json& request);

    /// The iteration of the snapshot in use.
    std::int64_t iteration() const;

  private:
    struct State;
    explicit Predictor(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace digits
