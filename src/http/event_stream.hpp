#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace digits::http {

/// One client's stream of server-sent events; thread-safe. A client that reads too slowly is dropped.
class EventStream {
  public:
    explicit EventStream(std::size_t max_waiting_bytes = 4 << 20) : max_waiting_bytes_(max_waiting_bytes) {}

    /// False: the client has gone (or was dropped just now).
    bool push(std::string_view bytes);
    void close();
    bool closed() const;

    /// The connection's side. `wake` is called from any thread when there is something to take.
    void attach(std::function<void()> wake);
    struct Taken {
        std::string bytes;
        bool closed = false;
    };
    Taken take();

  private:
    mutable std::mutex mutex_;
    const std::size_t max_waiting_bytes_;
    std::string waiting_;
    bool closed_ = false;
    bool woken_ = false;  ///< the connection knows already
    std::function<void()> wake_;
};

/// An event as it goes over the wire. Empty `id` or `event`: left out.
std::string format_event(std::string_view id, std::string_view event, std::string_view data);

}  // namespace digits::http
