#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/context.hpp"
#include "http/async.hpp"

namespace digits::api {

/// A path that a request names.
struct NamedPlace {
    enum class Kind {
        kFolder,
        kFile,
        kAny,  ///< need not be there
    };
    std::string path;
    Kind kind = Kind::kAny;
    std::string where;  ///< in the request
};

/// What is wrong with each place, if anything: it must be absolute, inside the allowed roots or among the server's own
/// jobs and uploads, and what it is said to be. A worker looks.
http::Async<Result<std::vector<std::optional<Error>>>> look_at_places(std::vector<NamedPlace> places,
                                                                      const Context& context);

/// The first fault, at its place in the request. kInvalidArgument, kPermissionDenied.
http::Async<Status> check_places(std::vector<NamedPlace> places, const Context& context);

}  // namespace digits::api
