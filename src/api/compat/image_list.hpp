#pragma once

#include <vector>

#include "api/compat/arguments.hpp"
#include "api/context.hpp"
#include "data/sources/image_list.hpp"

namespace digits::api::compat {

/// The pictures of the uploaded `image_list` (lines of a path, and a class number if it is known), with `image_folder`
/// before relative paths, at most `num_test_images`. Errors: kInvalidArgument, kPermissionDenied.
Result<std::vector<ListedPicture>> read_listed_images(const Arguments& arguments, const Context& context);

}  // namespace digits::api::compat
