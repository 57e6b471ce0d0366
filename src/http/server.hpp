#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/message.hpp"
#include "http/origin.hpp"
#include "http/router.hpp"

namespace digits::http {

struct ServerOptions {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0: any free one
    HostRule hosts;
    std::filesystem::path upload_dir;  ///< takes uploaded files while their request is handled
    int handler_threads = 8;
    int slow_threads = 4;            ///< for what handlers run_slowly()
    int max_connections = 512;       ///< over it, the one that has been idle longest is closed
    int max_waiting_requests = 256;  ///< for a thread; over it: 503
    int max_async_requests = 1024;   ///< that wait for something else; over it: 503
    std::size_t max_header_bytes = 16 << 10;
    std::chrono::milliseconds header_timeout{10'000};
    std::chrono::milliseconds body_timeout{30'000};  ///< for each 64 KiB
    std::chrono::milliseconds write_timeout{30'000};
    std::chrono::milliseconds idle_timeout{75'000};
    std::chrono::milliseconds heartbeat{15'000};  ///< of event streams
    /// On every answer that does not set them itself.
    std::vector<std::pair<std::string, std::string>> headers = {
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cache-Control", "no-store"},
    };
    ErrorRenderer render_error;  ///< default: the message as text
};

/// Listens, reads requests within limits, and hands them to the router's handlers on a pool of threads.
class Server {
  public:
    /// It answers when this returns.
    static Result<std::unique_ptr<Server>> start(ServerOptions options, Router router);
    /// Stops as `stop()` does.
    ~Server();

    std::uint16_t port() const;
    /// "http://127.0.0.1:5000/"; the loopback where it listens on every interface.
    const std::string& address() const;
    /// Accepts no more, lets running requests end (at most `grace`), closes all.
    void stop(std::chrono::milliseconds grace = std::chrono::milliseconds(2000));

  private:
    struct State;
    explicit Server(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace digits::http
