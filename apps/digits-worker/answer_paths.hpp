#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"
#include "base/task_context.hpp"

namespace digits {

// Questions about files of users, which the server itself never opens: inside the roots of the grant.
// docs/formats/specs.md#assist.

/// `path`, `roots` (narrower than those of the grant) → `path`, `parent`, `entries` (`name`, `kind`, `bytes`),
/// `truncated`.
Result<nlohmann::json> browse(const nlohmann::json& request, TaskContext& context);

/// `start` → `suggestions`: absolute paths that begin with it.
Result<nlohmann::json> complete_path(const nlohmann::json& request, TaskContext& context);

/// `places` (`path`, `kind`: folder, file, or any, which need not be there) → `faults`: for each null, or what is
/// wrong.
Result<nlohmann::json> check_places(const nlohmann::json& request, TaskContext& context);

/// `path`, `most_bytes` → `text`.
Result<nlohmann::json> read_text(const nlohmann::json& request, TaskContext& context);

/// `path`, `copy_to`, `image` (of the dataset, may be absent) → an image file as a browser shows it, by the value range
/// and depth of `image`, as image_answer() gives it.
Result<nlohmann::json> show_image_file(const nlohmann::json& request, TaskContext& context);

/// `file`, `folder`, `offset`, `most` → `images` (`path`, `label` or null) of a list of images to classify, from this
/// byte on; `next`: where the rest begins, or null.
Result<nlohmann::json> read_list_portion(const nlohmann::json& request, TaskContext& context);

/// `file`, `folder`, `out`: writes a list of a dataset again, with the folder before its paths.
Result<nlohmann::json> rewrite_list(const nlohmann::json& request, TaskContext& context);

}  // namespace digits
