#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace digits {

/// `root / relative` with links resolved, provided that it is inside `root`; else kPermissionDenied. The file need
/// not exist.
Result<std::filesystem::path> resolve_inside(const std::filesystem::path& root, std::string_view relative);

/// An absolute path with links resolved, provided that it is inside one of `roots`; else kPermissionDenied.
Result<std::filesystem::path> resolve_allowed(const std::vector<std::filesystem::path>& roots,
                                              const std::filesystem::path& path);

/// The folders that files may be read from, asked of many paths one after the other. Without any: everywhere. Not for
/// several threads.
class AllowedRoots {
  public:
    explicit AllowedRoots(const std::vector<std::string>& roots) : roots_(roots.begin(), roots.end()) {}
    /// As resolve_allowed; kPermissionDenied.
    Status check(const std::filesystem::path& path);

  private:
    const std::vector<std::filesystem::path> roots_;
    std::filesystem::path folder_;  ///< of the path that was asked for last
    bool folder_is_inside_ = false;
};

/// The folders that files may be read from, their links resolved once. Without any: everywhere. Asked of what is open
/// already, so that nothing can be exchanged between the question and the reading. Any thread.
class ReadableRoots {
  public:
    ReadableRoots() = default;
    explicit ReadableRoots(const std::vector<std::string>& roots);
    /// kPermissionDenied for an open file or folder outside; `path` is its name in the message.
    Status check_open(int fd, std::string_view path) const;
    /// kPermissionDenied for a path that cannot be opened and would lead outside.
    Status check_missing(const std::string& path) const;
    bool everywhere() const { return everywhere_; }

  private:
    bool everywhere_ = true;
    std::vector<std::filesystem::path> roots_;
};

}  // namespace digits
