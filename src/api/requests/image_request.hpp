#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/context.hpp"
#include "http/message.hpp"
#include "http/router.hpp"

namespace digits::api {

struct RequestImage {
    std::string name;  ///< as the client calls it
    std::string path;
    UrlImages::File file;          ///< keeps a fetched one
    std::optional<Error> missing;  ///< why it could not be fetched; without a path then
};

/// The uploaded parts called `image`, or the `paths` of a JSON body and after them its `urls`. Errors:
/// kInvalidArgument, kPermissionDenied.
/// A route that takes them is registered with image_upload().
http::Async<Result<std::vector<RequestImage>>> read_images(const http::Request& request, const Context& context);

/// For up to so many files.
inline http::RouteOptions image_upload(int most = kMaxUploadFiles) {
    http::RouteOptions options{kMaxBody_bytes};
    options.multipart = true;
    options.max_upload_bytes = kMaxUpload_bytes;
    options.max_parts = most;
    return options;
}

}  // namespace digits::api
