#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/registry.hpp"
#include "base/result.hpp"
#include "caffe.pb.h"
#include "caffe/digits_rules.hpp"
#include "data/sample.hpp"
#include "image/encode.hpp"
#include "tasks/asked_image.hpp"
#include "tasks/evaluator.hpp"
#include "tasks/metric.hpp"
#include "tasks/output.hpp"

namespace digits {

/// What a task has to know of the dataset to say what outputs mean.
struct TargetFacts {
    std::vector<std::string> labels;                 ///< of classes, by their number
    std::vector<std::string> names;                  ///< of a target's numbers, where they have names
    std::optional<int> ignore_label = std::nullopt;  ///< of boxes or pixels that do not count
    std::vector<std::string> palette = {};           ///< "#rrggbb" of each class, where the dataset has colors
    /// The dataset's class of each class of the network, where these differ (DetectNet's object_class).
    std::vector<int> network_classes = {};
    int images_per_sample = 1;  ///< of an evaluation; 2: pairs for siamese networks
    /// Of the network's ContrastiveLoss, where it has one.
    std::optional<double> contrastive_margin = std::nullopt;
};

/// How the images of answers become PNG files. The caller has them; the server, which knows the tasks, too, links no
/// codec.
struct AnswerEncoders {
    Result<std::string> (*image)(const Image& image) = nullptr;
    Result<std::string> (*mask)(const IndexedImage& mask) = nullptr;
};

/// What a table of answers has: a line for each thing that was found in an image.
struct AnswerRows {
    const char* list = "";  ///< the member of an answer with the things; "": it has none
    std::vector<const char*> members = {};
};

struct AnswerOptions {
    int top = 5;                                           ///< how many classes to name
    std::optional<double> score_threshold = std::nullopt;  ///< of boxes; none: the task's
    std::optional<double> nms_threshold = std::nullopt;  ///< boxes that overlap a better one of their class by more go
    AskedImage image = {};
    AnswerEncoders encoders = {};  ///< for masks and images
};

/// What a network is asked: the rules for its networks, its metrics, and what its outputs mean. Stateless; any thread.
class Task {
  public:
    virtual ~Task() = default;

    /// `type` in a dataset's spec: "classification".
    virtual std::string_view name() const = 0;
    /// Key of the view that shows answers, in the web application's registry: "classes".
    virtual std::string_view view() const = 0;

    /// What the datasets of the task have for each image.
    virtual TargetKind target() const = 0;
    /// Sides of images that its networks take best are multiples of it, in pixels.
    virtual int size_step() const { return 8; }

    /// What models are compared by, where their networks report it.
    virtual Metric metric() const = 0;
    /// Of the names of a training's validation series ("accuracy", "loss"), the one that decides which snapshot is
    /// best; none if there is nothing to judge by. Best snapshot, result, list and comparison all ask here.
    virtual std::optional<Metric> judge(std::span<const std::string> series) const = 0;
    /// What its validations measure of the whole set where the network's layers can, whatever outputs it has: "f1".
    virtual std::vector<std::string> measures() const { return {}; }
    /// Whether a validation series gets better as it grows.
    virtual bool higher_is_better(std::string_view series) const;

    /// The networks and the solver that one network's text stands for. Errors: kInvalidArgument naming layer and rule.
    virtual Result<TrainingFiles> make_networks(const caffe::NetParameter& network, const TrainingData& data,
                                                const TrainingChoices& choices) const = 0;

    /// What a network's outputs for one image mean, as members of the answer, `view` among them. Errors:
    /// kFailedPrecondition when no output has the form that the task needs, or one is not finite.
    virtual Result<nlohmann::json> answer(std::span<const OutputArray> outputs, const TargetFacts& facts,
                                          const AnswerOptions& options) const = 0;
    virtual AnswerRows answer_rows() const { return {}; }
    /// Its files go to `folder`.
    virtual Result<std::unique_ptr<Evaluator>> make_evaluator(const TargetFacts& facts,
                                                              const std::filesystem::path& folder) const = 0;
};

/// Of datasets that name none: those made before there were others.
inline constexpr std::string_view kDefaultTask = "classification";

/// The table of tasks.
Registry<Task>& tasks();

/// Errors: kUnsupported, listing what there is. An empty name stands for classification.
Result<const Task*> get_task(std::string_view name);

/// The judge of tasks whose networks report only losses: "loss", else the first loss or error of the names.
std::optional<Metric> judge_by_loss(std::span<const std::string> series);

/// Errors: kFailedPrecondition, in words for a person, when a value is NaN or infinite: the weights are of a training
/// that diverged, and nothing that follows from the output means anything.
Status check_finite(const OutputArray& output);

/// All outputs as they are: `{"view": "raw", "outputs": [{"name", "shape", "values"}]}`.
nlohmann::json raw_answer(std::span<const OutputArray> outputs);

}  // namespace digits
