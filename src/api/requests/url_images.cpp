#include "api/requests/url_images.hpp"

#include <algorithm>
#include <chrono>

#include "base/ids.hpp"

namespace digits::api {
namespace {

using Clock = std::chrono::steady_clock;

/// A request that waits for other machines holds one of the few threads for slow work.
constexpr int kMostAtOnce = 3;
constexpr auto kPatience = std::chrono::seconds(60);

}  // namespace

UrlImages::UrlImages(bool allowed, std::vector<std::string> private_hosts, std::filesystem::path folder)
    : allowed_(allowed), folder_(std::move(folder)) {
    limits_.private_hosts = std::move(private_hosts);
}

http::Async<Result<std::vector<Result<UrlImages::File>>>> UrlImages::fetch(std::vector<std::string> urls) {
    if (!allowed_)
        co_return fail(make_error(ErrorCode::kPermissionDenied, "this server does not fetch images from other machines")
                           .advise("Upload the image, or start the server with --allow-url-fetch"));
    struct Leave {
        std::atomic<int>& at_work;
        ~Leave() { --at_work; }
    };
    const int others = at_work_++;
    const Leave leave{at_work_};
    if (others >= kMostAtOnce)
        co_return fail(ErrorCode::kUnavailable, "the server is fetching images for {} other requests", others);
    std::function<Result<std::vector<Result<File>>>()> work = [this, &urls]() -> Result<std::vector<Result<File>>> {
        return fetch_all(urls);
    };
    co_return co_await http::run_slowly(std::move(work));
}

std::vector<Result<UrlImages::File>> UrlImages::fetch_all(const std::vector<std::string>& urls) {
    const auto end = Clock::now() + kPatience;
    std::vector<Result<File>> files;
    for (const auto& url : urls) {
        auto limits = limits_;
        limits.timeout =
            std::min(limits.timeout, std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()));
        auto file = std::make_shared<http::TemporaryFile>(folder_ / ("fetched-" + random_hex(16)));
        if (const auto done = remote::fetch(url, file->path(), limits); done)
            files.emplace_back(std::move(file));
        else
            files.push_back(fail(done.error()));
    }
    return files;
}

}  // namespace digits::api
