#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"
#include "base/task_context.hpp"

namespace digits {

// Images of datasets that are made, out of their databases. A gallery is named by `folder`, `split`, `db` and `list`.

/// `from` (a number) or `skip` (how many of the class come before), `limit`, `class` (or null) → `images` (`index`,
/// `label`, `file`, `width`, `height`, `channels`), `next` (or null), `total`.
Result<nlohmann::json> show_gallery_page(const nlohmann::json& request);

/// `index`, `copy_to` → an image, as image_answer() gives it.
Result<nlohmann::json> show_gallery_image(const nlohmann::json& request);

/// An image of a database by its number and class, for those that know both: `database`, `index`, `label`,
/// `copy_to` → as above. With `is_of_user` only where the roots of the grant allow it: kPermissionDenied.
Result<nlohmann::json> show_record_image(const nlohmann::json& request, TaskContext& context);

}  // namespace digits
