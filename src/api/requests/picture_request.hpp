#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/context.hpp"
#include "http/message.hpp"

namespace digits::api {

struct Picture {
    std::string name;  ///< as the client calls it
    std::string path;
    UrlPictures::File file;        ///< keeps a fetched one
    std::optional<Error> missing;  ///< why it could not be fetched; without a path then
};

/// The uploaded parts called `image`, or the `paths` of a JSON body and after them its `urls`. Errors:
/// kInvalidArgument, kPermissionDenied.
http::Async<Result<std::vector<Picture>>> read_pictures(const http::Request& request, const Context& context);

}  // namespace digits::api
