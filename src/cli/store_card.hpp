#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/session.hpp"

namespace digits::cli {

/// What a store's entry tells of the dataset of a model: its name, kind, images of each split and classes, for
/// `aux.json`. Null for a job without a dataset.
nlohmann::json dataset_card(const nlohmann::json& job, Session& session);

/// Puts up to four images of the training set, of different classes where there are classes, into the folder; their
/// names. None where the dataset is gone, or where browsers cannot show its images.
std::vector<std::string> save_previews(const nlohmann::json& job, const std::filesystem::path& folder,
                                       Session& session);

}  // namespace digits::cli
