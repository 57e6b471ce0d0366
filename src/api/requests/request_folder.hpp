#pragma once

#include <filesystem>
#include <string_view>
#include <utility>

#include "api/context.hpp"
#include "base/ids.hpp"

namespace digits::api {

/// A folder among the server's temporary files, which a request fills and which goes with it.
class RequestFolder {
  public:
    /// Errors: those of the file system.
    static Result<RequestFolder> create(const Context& context, std::string_view prefix) {
        auto path = context.temporary / fmt::format("{}-{}", prefix, random_hex(12));
        std::error_code error;
        std::filesystem::create_directories(path, error);
        if (error) return fail(errno_error("cannot make " + path.string(), error.value()));
        return RequestFolder(std::move(path));
    }
    RequestFolder(RequestFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    RequestFolder& operator=(RequestFolder&&) = delete;
    ~RequestFolder() {
        std::error_code ignored;
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }

  private:
    explicit RequestFolder(std::filesystem::path path) : path_(std::move(path)) {}

    std::filesystem::path path_;
};

}  // namespace digits::api
