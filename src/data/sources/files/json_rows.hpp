#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace digits {

/// An image of a table in JSON: the path, and the members beside it.
struct JsonRow {
    std::string path;
    nlohmann::json value;  ///< the object of the image; of a table {"PATH": VALUE} the value alone
};

/// A list of objects with a member `image`, `path`, `file`, `file_name` or `filename`; an object with such a list as
/// `images`, `data` or `samples`; or an object of paths. Errors, at the file: kInvalidArgument.
Result<std::vector<JsonRow>> read_json_rows(const std::string& text, const std::string& file);

}  // namespace digits
