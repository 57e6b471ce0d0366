#pragma once

#include <nlohmann/json.hpp>

#include "base/result.hpp"

namespace digits {

/// What `POST /datasets/{id}/augment-example` answers (docs/api.md): the request has `dataset_dir`, `augmentation`,
/// `crop_size` (0: none) and `mean`.
Result<nlohmann::json> show_augmentation(const nlohmann::json& request);

}  // namespace digits
