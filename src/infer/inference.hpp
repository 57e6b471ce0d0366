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
#include "infer/image_source.hpp"
#include "infer/predictor.hpp"
#include "tasks/output_view.hpp"
#include "tasks/task.hpp"

namespace digits {

struct InferenceOptions {
    std::filesystem::path model_dir;
    std::filesystem::path dataset_dir;  ///< with dataset.json and, for classes, labels.txt
    std::string snapshot;               ///< a file in model_dir, or its path; empty: the newest
    Device device;
    int threads = 0;                      ///< 0: all cores
    std::string framework;                ///< a name of predictor_kinds()
    std::vector<std::string> roots = {};  ///< where images that requests name may be; none: anywhere
};

/// How images are asked about and what becomes of the answers.
struct AskOptions {
    AnswerOptions answers;
    OutputView view;
    bool dont_resize = false;  ///< each image in its own size
    /// The numbers of the outputs, too; kBatch: with an axis of one image before the others.
    enum class Outputs { kNone, kPlain, kBatch } outputs = Outputs::kNone;
};

/// What the network says of one image.
struct ImageAnswer {
    nlohmann::json answer;
    std::string outputs;  ///< as JSON: an object of nested arrays, by the names of outputs; empty: not asked for
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
    const Predictor& predictor() const { return *predictor_; }
    /// How images are decoded: as those of the dataset.
    const DecodeOptions& decoding() const { return decoding_; }

    /// The answer for each image.
    Result<std::vector<ImageAnswer>> ask(const std::vector<Image>& images, const AskOptions& options);
    /// Answers a request of docs/formats/specs.md: `classify`, `records`, `layers`, `export` or `tensors`. An image
    /// that cannot be read has its `error` and no predictions.
    Result<nlohmann::json> answer(const nlohmann::json& request);
    /// An image as those of the dataset are read. Errors: of the file and of its decoder.
    Result<Image> read_image(const std::string& path) const;

    /// What records of databases are to the network.
    const RecordForm& records() const { return records_; }
    const std::filesystem::path& dataset_dir() const { return dataset_dir_; }
    /// What programs must do to an image before they give it to the network, as exports and the inference protocol tell
    /// it: `channels`, `height`, `width`, `resize` ("squash", …), `colors`, `values` (in words); `value_range`, `depth`
    /// and `bands` only where the dataset has them.
    nlohmann::json preprocessing() const;

  private:
    Result<ImageAnswer> make_answer(const std::vector<BatchOutput>& batch, std::size_t place, const AskedImage& asked,
                                    const AskOptions& options) const;

    const Task* task_ = nullptr;
    ReadableRoots roots_;
    std::filesystem::path dataset_dir_;
    ImageSpec image_;  ///< of the dataset
    DecodeOptions decoding_;
    RecordForm records_;
    TargetFacts facts_;
    std::unique_ptr<Predictor> predictor_;
};

}  // namespace digits
