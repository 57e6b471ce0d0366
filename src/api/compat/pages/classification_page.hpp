#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "api/context.hpp"

namespace digits::api::compat {

/// What the pages of DIGITS show to a browser; scripts get the same as JSON.

/// `predictions`: `[["label", percent], …]`. `layers`: as `layers_inside` gives them, or empty.
http::Response classification_page(const nlohmann::json& predictions, const nlohmann::json& layers);
/// `seen`: what `classify_many` answers, with the accuracies where they are known.
http::Response classifications_page(const nlohmann::json& seen);
/// `best`: label → `[[path, percent], …]`.
http::Response top_n_page(const nlohmann::json& best);

/// Activations and weights of each layer for an image, as `POST /api/v1/models/{id}/layers` tells them, `image`
/// being a data URL.
http::Async<Result<nlohmann::json>> layers_inside(std::string model_id, std::string weights, std::string image,
                                                  const Context& context);

}  // namespace digits::api::compat
