#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/registry.hpp"
#include "base/result.hpp"
#include "models/adapt.hpp"
#include "models/archive.hpp"
#include "models/model_spec.hpp"
#include "models/prepare.hpp"
#include "models/snapshots.hpp"

namespace digits {

/// What a network's text is written in, and how such a network is checked, prepared, trained and packed. No libtorch:
/// the server asks, too. What runs a network is a Trainee and a Predictor. Stateless; any thread.
class Framework {
  public:
    virtual ~Framework() = default;

    /// `network.framework` in a model's spec.
    virtual std::string_view name() const = 0;
    /// For people: "Caffe".
    virtual std::string_view title() const = 0;
    /// What the file with a network's text is called in a job's folder: "original.prototxt".
    virtual std::string_view file_name() const = 0;
    /// Of the editor: "prototxt", "lua", "python", "shell".
    virtual std::string_view language() const = 0;

    /// Everything that is wrong with a model before it is trained. Reads no user data.
    virtual ModelCheck check(const ModelSpec& spec, const std::optional<AssumedImages>& assumed) const = 0;
    /// Whether the worker can build its networks, so that a check asks it for what only that shows.
    virtual bool is_built_by_worker() const { return false; }
    /// The text of a network as it would be for a dataset. Errors: kInvalidArgument, at /network/framework where
    /// networks of this framework cannot be adapted.
    virtual Result<AdaptedNetwork> adapt(std::string_view text, const TrainingData& dataset) const;
    /// Writes what a training needs, model.json among it, into the job's folder. May be repeated before a resumed
    /// training: files that are as they would be written stay untouched. Errors: those that `check` reports, file
    /// errors.
    virtual Status prepare(const ModelSpec& spec, const std::filesystem::path& job_dir) const = 0;
    /// The program that trains in place of the worker, which speaks the worker's protocol; empty: the worker itself.
    virtual std::vector<std::string> worker_command([[maybe_unused]] const std::filesystem::path& task_dir) const {
        return {};
    }

    /// Oldest first. Errors: kNotFound for a missing folder.
    virtual Result<std::vector<SnapshotEntry>> snapshots(const std::filesystem::path& job_dir) const = 0;
    /// What an archive of the model holds beside weights, labels and mean.
    virtual ArchiveParts archive_parts(const std::filesystem::path& job_dir) const = 0;
    /// Text files in a job's folder that a person may read, in the order to show them.
    virtual std::vector<std::string> readable_files() const = 0;
};

/// The table of frameworks.
Registry<Framework>& frameworks();

/// Errors: kInvalidArgument, at /network/framework, that lists what there is.
Result<const Framework*> get_framework(std::string_view name);

}  // namespace digits
