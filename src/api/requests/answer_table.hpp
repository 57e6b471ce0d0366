#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace digits::api {

struct NamedNumber {
    std::string name;
    nlohmann::json value;  ///< null: NaN or infinite
};

/// The numbers of an answer with the view `raw`: those of the first output by the names of the dataset's numbers where
/// there is one for each, the others as "output[2]".
std::vector<NamedNumber> named_numbers(const nlohmann::json& answer);

/// Answers as CSV (RFC 4180): a line for each class, box or number of an image. `images`: each the members of its
/// answer and its `name`.
std::string answer_table(const nlohmann::json& images);

}  // namespace digits::api
