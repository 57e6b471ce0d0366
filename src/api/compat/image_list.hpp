#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/compat/arguments.hpp"
#include "api/context.hpp"

namespace digits::api::compat {

struct ListedImage {
    std::string path;
    std::optional<std::int64_t> label;  ///< what the list says it shows
};

/// The pictures of the uploaded `image_list` (lines of a path, and a class number if it is known), with `image_folder`
/// before relative paths, at most `num_test_images`. Errors: kInvalidArgument, kPermissionDenied.
Result<std::vector<ListedImage>> read_listed_images(const Arguments& arguments, const Context& context);

}  // namespace digits::api::compat
