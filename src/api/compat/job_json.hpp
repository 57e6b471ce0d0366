#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "api/context.hpp"
#include "jobs/job.hpp"
#include "models/snapshots.hpp"

namespace digits::api::compat {

/// What kind of dataset a job makes, in DIGITS's terms: kPrebuilt has databases that were there ("Other"), kGeneric is
/// of a data extension.
enum class DatasetFamily { kClassification, kPrebuilt, kGeneric };
/// Of a dataset, or of the dataset of a model.
DatasetFamily dataset_family(const Job& job, const Context& context);
/// The task of a dataset, or of the dataset of a model: "detection".
std::string dataset_task(const Job& job, const Context& context);
/// "Image Classification Dataset", "Generic Dataset", "Generic Image Dataset", "Image Classification Model", "Generic
/// Image Model", "Pretrained Model".
std::string job_type(const Job& job, const Context& context);
/// `{id, name, status}`
nlohmann::json short_json(const Job& job);
/// What `/datasets/ID.json` and `/models/ID.json` tell.
Result<nlohmann::json> detailed_json(const Job& job, const Context& context);
/// What the creation of a model answers: id, name, status and what info.json tells.
nlohmann::json model_json(const Job& job, const Context& context);
/// The same as it was when the job was made: DIGITS waits a second before it begins.
nlohmann::json created_json(nlohmann::json view);
/// A row of the home page's tables.
Result<nlohmann::json> row_json(const Job& job, const Context& context);
/// Whether a row's key is an optional column: a model's output, such as "loss (train) last", or what only pretrained
/// models have.
bool is_output_key(const std::string& key);

/// Whole epochs as whole numbers. Without known epochs the iteration.
nlohmann::json epoch_json(const SnapshotEntry& snapshot);

/// Every job of a kind, running ones first, each part newest first.
Result<std::vector<Job>> all_jobs(const Context& context, const std::string& kind);

}  // namespace digits::api::compat
