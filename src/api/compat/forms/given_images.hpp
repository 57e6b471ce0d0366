#pragma once

#include <string>
#include <vector>

#include "api/compat/forms/arguments.hpp"
#include "api/compat/forms/image_list.hpp"
#include "api/context.hpp"
#include "http/async.hpp"

namespace digits::api::compat {

/// A file of the server's machine, one fetched from the web, or an upload.
struct GivenImage {
    std::string path;
    UrlImages::File fetched;
};

/// What `image_path` or `image_file` gives. Errors: kInvalidArgument without either.
http::Async<Result<GivenImage>> given_image(const Arguments& arguments, Context& context);

/// The files of a portion of a list; empty for one that cannot be fetched. `fetched` keeps those that are.
http::Async<Result<std::vector<std::string>>> files_of(const std::vector<ListedImage>& images,
                                                       std::vector<UrlImages::File>& fetched, Context& context);

}  // namespace digits::api::compat
