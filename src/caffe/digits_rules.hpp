#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/enum_names.hpp"
#include "base/result.hpp"
#include "caffe.pb.h"

namespace digits {

enum class SolverType { kSgd, kNesterov, kAdagrad, kRmsprop, kAdadelta, kAdam, kAdamw };
enum class LrPolicy { kFixed, kStep, kMultistep, kExp, kInv, kPoly, kSigmoid, kCosine };
enum class MeanMode { kNone, kImage, kPixel };
enum class TrainingBackend { kLmdb, kHdf5 };

/// What the rules need to know of a classification dataset. Paths are absolute.
struct TrainingData {
    std::int64_t label_count = 0;
    int channels = 0;
    int height = 0;
    int width = 0;
    int images_per_record = 1;  ///< 2: pairs for siamese networks
    TrainingBackend backend = TrainingBackend::kLmdb;
    std::string train_db;
    std::int64_t train_count = 0;
    std::vector<std::uint64_t> train_per_class;  ///< samples of each class; empty: not known
    std::string val_db;                          ///< empty, with val_count 0: nothing to validate with
    std::int64_t val_count = 0;
    /// Databases of the targets, where they are not class numbers in the records; empty: there are none.
    std::string train_label_db, val_label_db;
    std::int64_t target_size = 0;                                              ///< how many numbers such a target has
    caffe::DataParameter::Target target_form = caffe::DataParameter::NUMBERS;  ///< what their records are
    std::optional<int> ignore_label;  ///< the class of boxes or pixels that do not count
    std::string mean_file;            ///< empty: none was computed
    std::vector<float> mean_pixel;    ///< one a channel, in blob order (B, G, R)

    int record_channels() const { return images_per_record * channels; }
};

/// What a model's spec and the rules share of a solver: a field of it is declared here and in the spec's binding.
struct SolverSettings {
    SolverType type = SolverType::kSgd;
    double base_lr = 0.01;
    LrPolicy lr_policy = LrPolicy::kStep;
    double warmup_percent = 0;           ///< cosine
    std::optional<double> momentum;      ///< none: 0.9, or nothing where the solver has none
    std::optional<double> weight_decay;  ///< none: base_lr / 100, or 0.01 for AdamW
    /// Limit of the L2 norm of all gradients together, of the mean over the accumulated batches; none: no limit.
    std::optional<double> clip_gradients;
};

/// Steps and gammas are in percent of the training, so that they need no change when its length does.
struct SolverChoices : SolverSettings {
    double gamma = 0.1;
    double step_percent = 33;           ///< step, sigmoid
    std::vector<double> steps_percent;  ///< multistep
    double power = 0.5;                 ///< inv, poly
    double rms_decay = 0.99;
};

struct TrainingChoices {
    SolverChoices solver;
    double epochs = 30;
    double snapshot_interval = 1;       ///< epochs; 0: only at the end
    double val_interval = 1;            ///< epochs; 0: never
    std::optional<int> batch_size;      ///< none: the network's own, or 16
    std::optional<int> val_batch_size;  ///< none: as batch_size
    int batch_accumulation = 1;
    MeanMode mean = MeanMode::kImage;
    std::optional<int> crop_size;  ///< none: the network's own
    std::optional<std::int64_t> seed;
    std::vector<std::string>* refused_warnings = nullptr;  ///< gets the warnings of a network that is refused
};

struct TrainingFiles {
    caffe::NetParameter train_val;
    caffe::NetParameter deploy;
    caffe::SolverParameter solver;
    int batch_size = 0;
    int val_batch_size = 0;  ///< 0: no validation
    int crop_size = 0;       ///< 0: none
    std::int64_t iterations_per_epoch = 0;
    std::vector<std::string> warnings;
};

/// DIGITS's rules for image classification: one network, whose layers say by stage (train, val, deploy) where they
/// belong, becomes what Caffe trains and what it deploys. `original` may be of any age. Nothing is read or written.
/// Errors: kInvalidArgument naming layer and rule.
Result<TrainingFiles> make_training_files(const caffe::NetParameter& original, const TrainingData& dataset,
                                          const TrainingChoices& choices);

/// DIGITS's rules for any other network: images and targets come from two databases by layers of their own, and nothing
/// is expected of the outputs. A layer that leaves its num_output open gets the size of a target, or the number of
/// classes, and losses and metrics of labels get the class that does not count. Boxes, masks and target images are
/// moved, cropped and mirrored as their images are.
Result<TrainingFiles> make_generic_training_files(const caffe::NetParameter& original, const TrainingData& dataset,
                                                  const TrainingChoices& choices);

template <>
struct EnumNames<SolverType> {
    static constexpr bool kIgnoreCase = true;  ///< clients of DIGITS write capitals
    static constexpr std::array<std::pair<SolverType, std::string_view>, 7> kNames{{{SolverType::kSgd, "SGD"},
                                                                                    {SolverType::kNesterov, "Nesterov"},
                                                                                    {SolverType::kAdagrad, "AdaGrad"},
                                                                                    {SolverType::kRmsprop, "RMSProp"},
                                                                                    {SolverType::kAdadelta, "AdaDelta"},
                                                                                    {SolverType::kAdam, "Adam"},
                                                                                    {SolverType::kAdamw, "AdamW"}}};
};
template <>
struct EnumNames<LrPolicy> {
    static constexpr std::array<std::pair<LrPolicy, std::string_view>, 8> kNames{{{LrPolicy::kFixed, "fixed"},
                                                                                  {LrPolicy::kStep, "step"},
                                                                                  {LrPolicy::kMultistep, "multistep"},
                                                                                  {LrPolicy::kExp, "exp"},
                                                                                  {LrPolicy::kInv, "inv"},
                                                                                  {LrPolicy::kPoly, "poly"},
                                                                                  {LrPolicy::kSigmoid, "sigmoid"},
                                                                                  {LrPolicy::kCosine, "cosine"}}};
};
template <>
struct EnumNames<MeanMode> {
    static constexpr std::array<std::pair<MeanMode, std::string_view>, 3> kNames{
        {{MeanMode::kNone, "none"}, {MeanMode::kImage, "image"}, {MeanMode::kPixel, "pixel"}}};
};

}  // namespace digits
