#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/enum_names.hpp"
#include "base/precision.hpp"
#include "base/result.hpp"
#include "caffe/augmentation.hpp"
#include "caffe/digits_rules.hpp"

namespace digits {

struct FieldList;

/// In a job's folder: the Python layers of its network, as in DIGITS.
inline constexpr const char* kPythonLayersFile = "digits_python_layers.py";

/// Of specs and models that name no framework: those made before there were others.
inline constexpr std::string_view kDefaultFramework = "caffe";

/// A standard network, or a text. The text may be that of a job's network: the server then fills it in.
struct NetworkSpec {
    std::string framework{kDefaultFramework};  ///< a name of frameworks()
    std::string standard;                      ///< a name of standard_networks()
    std::string prototxt;                      ///< the text itself, of a Caffe network
    std::string text;                          ///< the text itself, of any other framework
    std::string model;                         ///< id of the model whose network it is
    std::string pretrained;                    ///< id of the pretrained model whose network it is
    std::string python_layers;                 ///< text of a Python module with layers of its own

    /// The member that holds the text of a framework's networks.
    static const char* text_member(std::string_view framework) {
        return framework == kDefaultFramework ? "prototxt" : "text";
    }
};

/// Weights to start from: a file, or those of a job, whose file the server fills in.
struct WeightsSpec {
    std::string path;
    std::string model;       ///< id of a model
    std::string snapshot;    ///< of the model: an iteration, "best" or "last"
    std::string pretrained;  ///< id of a pretrained model
    bool transfer = false;   ///< layers of another shape than the network's start from scratch; else they are an error
};

/// What is left out follows from the policy or from DIGITS's rules.
struct SolverSpec : SolverSettings {
    std::optional<double> gamma;
    std::optional<double> step_percent;
    std::vector<double> steps_percent;
    std::optional<double> power;
    double freeze_percent = 0;  ///< layers with initial weights are frozen for so much of the training
    std::string freeze_to;      ///< layers with initial weights up to this one never learn
    double trunk_rate = 1;      ///< factor of the learning rates of layers with initial weights
    std::optional<double> rms_decay;
};

/// The numbers that a learning rate policy takes, and what they are where a spec leaves them out: DIGITS's.
struct PolicyDefaults {
    std::optional<double> gamma = {}, step_percent = {}, power = {};
    std::vector<double> steps_percent = {};  ///< empty: it takes none
};
PolicyDefaults policy_defaults(LrPolicy policy);

/// Ends a training whose validations do not improve.
struct EarlyStoppingSpec {
    std::optional<int> patience;  ///< validations; none: it never ends early
    std::string metric;           ///< empty: the one that judges
};

/// How much the samples of a class count in the loss.
enum class ClassWeights {
    kNone,      ///< all alike
    kBalanced,  ///< inversely to how many there are: samples / (classes * samples of the class), as in scikit-learn
};
template <>
struct EnumNames<ClassWeights> {
    static constexpr std::array<std::pair<ClassWeights, std::string_view>, 2> kNames{
        {{ClassWeights::kNone, "none"}, {ClassWeights::kBalanced, "balanced"}}};
};

/// docs/formats/specs.md says what each member means.
struct ModelSpec {
    std::string dataset_id;
    std::string dataset_dir;  ///< its folder; not of the JSON: a grant says it
    NetworkSpec network;
    SolverSpec solver;
    double epochs = 30;
    double snapshot_interval = 1;
    double val_interval = 1;
    EarlyStoppingSpec early_stopping;
    int keep_snapshots = 3;           ///< the newest so many, beside the best one
    bool keep_all_snapshots = false;  ///< `"keep_snapshots": "all"`
    std::optional<int> batch_size;
    /// `"batch_size": "auto"`: the network's own, cut into parts that fit into memory (fit_batch.hpp of the worker).
    bool auto_batch_size = false;
    bool start_anyway = false;  ///< although memory is a little short of the estimate (memory_fit.hpp)
    std::optional<int> val_batch_size;
    int batch_accumulation = 1;
    double label_smoothing = 0;
    double mixup = 0;  ///< alpha of Beta(alpha, alpha); 0: none
    ClassWeights class_weights = ClassWeights::kNone;
    MeanMode mean = MeanMode::kImage;
    Augmentation augmentation;
    std::optional<int> crop_size;
    std::optional<std::int64_t> seed;
    std::string device;  ///< "cpu" or "cuda:N"; empty: a free GPU, without one the CPU
    int threads = 0;     ///< 0: all cores
    Precision precision = Precision::kFp32;
    std::vector<WeightsSpec> weights;
};

/// Parses and validates; a solver's type may be in any case, and weights may be given as bare paths. Errors:
/// kInvalidArgument with the JSON path in `where`.
Result<ModelSpec> parse_model_spec(const nlohmann::json& json);
/// The same of a job that may be older than a field. It goes on as it began: it keeps all its snapshots.
Result<ModelSpec> parse_stored_model_spec(const nlohmann::json& json);
nlohmann::json to_json(const ModelSpec& spec);
/// The framework that a model's spec names, which need not be one that this version has.
std::string framework_name(const nlohmann::json& spec);
const FieldList& model_fields();

/// The choices as the rules take them, with each policy's own defaults filled in.
TrainingChoices training_choices(const ModelSpec& spec);

}  // namespace digits
