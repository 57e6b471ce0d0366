#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "models/finding.hpp"
#include "models/model_spec.hpp"

namespace digits {

/// What a training will do; `model.json` in the job's folder.
struct ModelFacts {
    std::string framework{kDefaultFramework};
    std::string network;  ///< the standard network's name, or "custom"
    double epochs = 0;
    std::int64_t iterations_per_epoch = 0;
    std::int64_t max_iter = 0;
    int batch_size = 0;
    int val_batch_size = 0;  ///< 0: no validation
    int batch_accumulation = 1;
    int crop_size = 0;  ///< 0: none
    MeanMode mean = MeanMode::kImage;
};

struct PreparedModel {
    std::string task;  ///< of the dataset
    std::filesystem::path solver_file;
    ModelFacts facts;
    std::vector<std::string> warnings;
    /// What `solver_file` says, with the network inside: a training needs to read no file.
    caffe::SolverParameter solver;
};

/// The network of a spec as it was written. Errors: kInvalidArgument with `where` = /network/prototxt:line:column.
Result<caffe::NetParameter> parse_network(const ModelSpec& spec);

/// Writes original, train_val, deploy and solver.prototxt, model.json and what the network has of Python layers into
/// the job's folder. Files that are as they would be written stay untouched, so a training may be prepared again before
/// it goes on. Errors: kInvalidArgument with `where` = /network/prototxt:line:column or a JSON path;
/// kFailedPrecondition when the dataset is not finished; kNotFound for missing weights; file errors.
Result<PreparedModel> prepare_model(const ModelSpec& spec, const std::filesystem::path& job_dir);
/// The same for a caller that has parsed the spec's network. `roots`: where the files that its layers name may be, as
/// check_network_files takes them; kPermissionDenied.
Result<PreparedModel> prepare_model(const ModelSpec& spec, const caffe::NetParameter& network,
                                    const std::filesystem::path& job_dir, const std::vector<std::string>& roots);

/// The facts as model.json in a job's folder, which stays untouched if it says so already.
Status write_model_facts(const ModelFacts& facts, const std::filesystem::path& job_dir);
/// Errors: kNotFound, kDataLoss.
Result<ModelFacts> read_model_facts(const std::filesystem::path& job_dir);

/// The text of the network that a spec names or brings.
std::string_view network_text(const ModelSpec& spec);

/// Stands for a dataset that is not there.
struct AssumedImages {
    int width = 0;
    int height = 0;
    int channels = 0;
    std::int64_t classes = 0;
    std::string task;           ///< empty: classification
    int images_per_record = 1;  ///< 2: pairs for siamese networks
};

struct ModelCheck {
    std::vector<ModelFinding> findings;
    TrainingData dataset;  ///< of the dataset, or assumed
    std::string task;      ///< of the dataset, or assumed; empty: classification
    int batch_size = 0;
    int val_batch_size = 0;                      ///< 0: no validation
    int crop_size = 0;                           ///< 0: none
    std::optional<caffe::NetParameter> network;  ///< what check_model has parsed; none with faults of syntax
    std::optional<TrainingFiles> files;          ///< what a training would use; none with errors
    bool has_dataset = false;                    ///< a finished one; else the solver in `files` says nothing
    std::vector<std::string> python_layers;      ///< names of the layers that run code of the network's author

    bool ok() const;
};

/// The texts of the files that a training would write; without what is not known.
struct ModelTexts {
    std::optional<std::string> train_val, deploy, solver;
};
ModelTexts format_texts(const ModelCheck& check);

/// Dry run: everything that is wrong with a model before it is trained. Without a dataset, or when it is not finished,
/// `assumed` images take its place, or such as the standard network expects (else 256 x 256 in colour). Reads only
/// text files.
ModelCheck check_model(const ModelSpec& spec, const std::optional<AssumedImages>& assumed = {});
/// The same for a caller that has parsed the spec's network.
ModelCheck check_model(const ModelSpec& spec, const caffe::NetParameter& network,
                       const std::optional<AssumedImages>& assumed = {});
/// The same as `check`, had its images this size: what else is wrong stays wrong.
ModelCheck check_with_size(const ModelSpec& spec, const caffe::NetParameter& network, const ModelCheck& check,
                           int width, int height);

/// Whether the mean files can be read that the network names itself, and whether they are means of such images.
/// Relative names start in `job_dir`; those that keep_own_mean() has copied there are not looked for. Errors:
/// kInvalidArgument with the layer, "[data] mean_file …".
Status check_own_means(const caffe::NetParameter& train_val, const TrainingData& dataset,
                       const std::filesystem::path& job_dir);

}  // namespace digits
