#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "http/event_stream.hpp"
#include "jobs/manager.hpp"

namespace digits::api {

/// Gives the manager's events to all open streams, each put into words once. Thread-safe.
class EventHub {
  public:
    explicit EventHub(JobManager& jobs);
    /// Closes all streams.
    ~EventHub();
    EventHub(const EventHub&) = delete;
    EventHub& operator=(const EventHub&) = delete;

    /// `last_seen`: what the client saw last; it gets what came after, or `reset` when that is no longer known. None: a
    /// fresh stream, that begins with `hello`. `job`: only of this one; empty: all.
    std::shared_ptr<http::EventStream> open(std::optional<std::int64_t> last_seen, std::string job);

    /// Sends an event without an id: clients that reconnect do not get it again.
    void tell_in_passing(const std::string& job, std::string_view type, const nlohmann::json& data);

  private:
    struct Client {
        std::shared_ptr<http::EventStream> stream;
        std::string job;
        std::int64_t last = 0;
    };
    void tell(const JobEvent& event);
    std::string format(const JobEvent& event) const;

    JobManager& jobs_;
    std::mutex mutex_;  ///< guards clients_
    std::list<Client> clients_;
    int subscription_ = 0;
};

}  // namespace digits::api
