#pragma once

#include <string>
#include <vector>

#include "api/context.hpp"
#include "http/message.hpp"

namespace digits::api {

struct Picture {
    std::string name;  ///< as the client calls it
    std::string path;
};

/// The uploaded parts called `image`, or the paths of a JSON body (`paths`). Errors: kInvalidArgument,
/// kPermissionDenied.
Result<std::vector<Picture>> read_pictures(const http::Request& request, const Context& context);

}  // namespace digits::api
