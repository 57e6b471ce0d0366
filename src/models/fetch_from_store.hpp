#pragma once

#include <filesystem>

#include "base/task_context.hpp"
#include "models/pretrained_spec.hpp"

namespace digits {

/// Fetches the files of a store's model into `folder`, which is emptied first, and makes the source one of files. Tells
/// bytes, rate and time left; stops when the task is to stop. Errors: kDataLoss for a file whose SHA-256 is another
/// than the store's index promised; those of remote::fetch_place.
Status fetch_from_store(PretrainedSourceSpec& source, const std::filesystem::path& folder, TaskContext& context);

}  // namespace digits
