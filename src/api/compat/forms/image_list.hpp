#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/compat/forms/arguments.hpp"
#include "api/context.hpp"
#include "http/async.hpp"

namespace digits::api::compat {

struct ListedImage {
    std::string path;  ///< or an address in the web
    std::optional<std::int64_t> label;
};

/// The images of the uploaded `image_list` (lines of a path, and a class number if it is known), with `image_folder`
/// before relative paths, at most `num_test_images`. A worker reads the list, a portion at a time.
class ImageList {
  public:
    /// Errors: kInvalidArgument, kPermissionDenied.
    static http::Async<Result<ImageList>> open(const Arguments& arguments, const Context& context);

    /// The next ones, at most `most`; none at the end. Errors: kInvalidArgument, kPermissionDenied for a path where the
    /// server may not read.
    http::Async<Result<std::vector<ListedImage>>> next(std::size_t most, const Context& context);

  private:
    ImageList(std::string file, std::string folder, std::uint64_t left)
        : file_(std::move(file)), folder_(std::move(folder)), left_(left) {}

    std::string file_;
    std::string folder_;
    std::uint64_t left_;  ///< how many images may still come
    std::optional<std::uint64_t> offset_ = 0;
};

}  // namespace digits::api::compat
