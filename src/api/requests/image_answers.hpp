#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "api/context.hpp"
#include "http/message.hpp"

namespace digits::api {

/// A question (of `type`) about the images of a dataset's split; to be completed. Errors: kFailedPrecondition of a
/// dataset that is not done, kNotFound.
Result<nlohmann::json> gallery_question(const char* type, const Job& job, const std::string& split,
                                        const Context& context);

/// Tells a question about a file how the images of this dataset are decoded (`image`): with its value range and depth.
/// Of a dataset that is gone nothing is told.
void add_decoding(nlohmann::json& question, const std::string& dataset_id, const Context& context);

/// Where a worker puts an image that is too large for its answer.
std::string place_for_copy(const Context& context);

/// The image that a worker found: its `content_type`, and `data` or `file`, which is removed when it is sent.
Result<http::Response> image_response(const nlohmann::json& answer);

/// The same, of a dataset, which never changes.
Result<http::Response> lasting_image_response(const nlohmann::json& answer);

}  // namespace digits::api
