#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "http/async.hpp"
#include "http/message.hpp"
#include "remote/fetch.hpp"

namespace digits::api {

/// Fetches images that requests name by URL, where this server may (`--allow-url-fetch`). Thread-safe.
class UrlImages {
  public:
    UrlImages(bool allowed, std::vector<std::string> private_hosts, std::filesystem::path folder);

    bool allowed() const { return allowed_; }

    using File = std::shared_ptr<http::TemporaryFile>;
    /// A file, or why there is none, for each URL. Errors of all: kPermissionDenied where the server may not fetch;
    /// kUnavailable while it does for many others.
    http::Async<Result<std::vector<Result<File>>>> fetch(std::vector<std::string> urls);

  private:
    std::vector<Result<File>> fetch_all(const std::vector<std::string>& urls);

    const bool allowed_;
    const std::filesystem::path folder_;
    remote::FetchLimits limits_;
    std::atomic<int> at_work_ = 0;
};

}  // namespace digits::api
