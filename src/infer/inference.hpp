#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/safe_path.hpp"
#include "engine/net/blob.hpp"
#include "image/decode.hpp"
#include "infer/predictor.hpp"
#include "tasks/task.hpp"

namespace digits {

struct InferenceOptions {
    std::filesystem::path model_dir;
    std::filesystem::path dataset_dir;  ///< with dataset.json and, for classes, labels.txt
    std::string snapshot;               ///< a file in model_dir, or its path; empty: the newest
    Device device;
    int threads = 0;  ///< 0: all cores
    std::string framework = "caffe";
    std::vector<std::string> roots = {};  ///< where images that requests name may lie; none: anywhere
};

/// A trained model that answers: a framework's predictor gives outputs, the dataset's task says what they mean. One
/// thread at a time.
class Inference {
  public:
    /// Errors: kUnsupported for a framework without a predictor or an unknown task; those of the predictor.
    static Result<std::unique_ptr<Inference>> open(const InferenceOptions& options);

    const Task& task() const { return *task_; }
    const TargetFacts& facts() const { return facts_; }
    Predictor& predictor() { return *predictor_; }
    /// How images are decoded: as those of the dataset.
    const DecodeOptions& decoding() const { return decoding_; }

    /// The task's answer for each image.
    Result<std::vector<nlohmann::json>> ask(const std::vector<Image>& images, const AnswerOptions& options);

    /// Answers `{"type": "classify", "images": [{"path": …}], "top": 5}` (docs/formats/specs.md). An image that cannot
    /// be read has its `error` and no predictions. Or `{"type": "layers", "path": …, "folder": …, "top": 5}`: the
    /// answer and what is inside the network (layer_report.hpp), images of it going to the folder.
    Result<nlohmann::json> answer(const nlohmann::json& request);

  private:
    Result<nlohmann::json> answer_layers(const nlohmann::json& request);

    const Task* task_ = nullptr;
    ReadableRoots roots_;
    DecodeOptions decoding_;
    TargetFacts facts_;
    std::unique_ptr<Predictor> predictor_;
};

}  // namespace digits
