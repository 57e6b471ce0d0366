#pragma once

#include <filesystem>
#include <future>
#include <string>

#include "api/event_hub.hpp"
#include "api/requests/answered_requests.hpp"
#include "api/requests/url_images.hpp"
#include "api/server.hpp"
#include "http/message.hpp"
#include "jobs/manager.hpp"

namespace digits::api {

class ModelStores;

/// What the resources share.
struct Context {
    ApiServerOptions options;
    JobManager& jobs;
    EventHub& events;
    AnsweredRequests& answered;
    UrlImages& url_images;
    ModelStores& stores;
    double started = 0;                       ///< Unix seconds
    std::shared_future<std::string> address;  ///< known once the server listens
    std::filesystem::path temporary;          ///< folder for files that live as long as a request
    http::Handler pages;                      ///< the web application
};

inline constexpr std::uint64_t kMaxBody_bytes = 8 << 20;
inline constexpr std::uint64_t kMaxUpload_bytes = std::uint64_t{512} << 20;
/// A model may be larger than images that are uploaded.
inline constexpr std::uint64_t kMaxPretrained_bytes = std::uint64_t{4} << 30;
inline constexpr int kMaxUploadFiles = 1000;

}  // namespace digits::api
