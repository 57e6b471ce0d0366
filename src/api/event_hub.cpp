#include "api/event_hub.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "api/jobs/job_kinds.hpp"
#include "api/jobs/job_view.hpp"

namespace digits::api {
namespace {

using nlohmann::json;

std::string text(const json& data) { return data.dump(-1, ' ', false, json::error_handler_t::replace); }

/// The points of a `metrics` event by phase and iteration, each group one event of the contract.
std::vector<json> metrics_events(const JobEvent& event) {
    std::map<std::pair<std::int64_t, std::string>, json> groups;
    for (const auto& point : event.data->value("points", json::array())) {
        const auto series = point.value("series", "");
        const auto slash = series.find('/');
        if (slash == std::string::npos) continue;
        auto& group = groups[{point.value("iteration", std::int64_t{0}), series.substr(0, slash)}];
        if (group.is_null())
            group = {{"job", event.job_id},
                     {"iteration", point["iteration"]},
                     {"epoch", point["epoch"]},
                     {"phase", series.substr(0, slash)}};
        group["values"][series.substr(slash + 1)] = point["value"];
    }
    std::vector<json> events;
    for (auto& [key, group] : groups) events.push_back(std::move(group));
    return events;
}

}  // namespace

EventHub::EventHub(JobManager& jobs) : jobs_(jobs) {
    subscription_ = jobs_.subscribe([this](const JobEvent& event) { tell(event); });
}

EventHub::~EventHub() {
    jobs_.unsubscribe(subscription_);
    const std::scoped_lock lock(mutex_);
    for (auto& client : clients_) client.stream->close();
}

std::string EventHub::format(const JobEvent& event) const {
    const auto id = std::to_string(event.id);
    if (event.type == "removed") return http::format_event(id, "job_deleted", text({{"job", event.job_id}}));
    if (event.type == "log")
        return http::format_event(id, "log",
                                  text({{"job", event.job_id},
                                        {"level", event.data->value("level", "info")},
                                        {"text", event.data->value("text", "")}}));
    if (event.type == "metrics") {
        std::string bytes;
        const auto events = metrics_events(event);
        // Only the last one has the id: who breaks off before gets them all again.
        for (std::size_t i = 0; i < events.size(); ++i)
            bytes += http::format_event(i + 1 == events.size() ? id : "", "metrics", text(events[i]));
        return bytes;
    }
    if (event.type == kSnapshotEvent) {
        json snapshot{{"iteration", (*event.data)["iteration"]},
                      {"epoch", (*event.data)["epoch"]},
                      {"weights", (*event.data)["weights"]},
                      {"state", event.data->value("state", "").empty() ? json() : (*event.data)["state"]}};
        const auto dir = jobs_.job_dir(event.job_id);
        snapshot["bytes"] = snapshot_bytes(dir, event.data->value("weights", ""), event.data->value("state", ""));
        snapshot["best"] = false;
        return http::format_event(id, kSnapshotEvent, text({{"job", event.job_id}, {"snapshot", std::move(snapshot)}}));
    }
    // created, changed, progress: the job as it is now.
    const auto job = jobs_.get(event.job_id);
    return job ? http::format_event(id, "job", text(job_view(*job, Detail::kBrief))) : std::string();
}

void EventHub::tell(const JobEvent& event) {
    const std::scoped_lock lock(mutex_);
    if (clients_.empty()) return;
    const auto bytes = format(event);
    if (bytes.empty()) return;
    std::erase_if(clients_, [&](Client& client) {
        if (!client.job.empty() && client.job != event.job_id) return client.stream->closed();
        if (event.id <= client.last) return false;
        client.last = event.id;
        return !client.stream->push(bytes);
    });
}

void EventHub::tell_in_passing(const std::string& job, std::string_view type, const json& data) {
    const auto bytes = http::format_event("", type, text(data));
    const std::scoped_lock lock(mutex_);
    std::erase_if(clients_, [&](Client& client) {
        if (!client.job.empty() && client.job != job) return client.stream->closed();
        return !client.stream->push(bytes);
    });
}

std::shared_ptr<http::EventStream> EventHub::open(std::optional<std::int64_t> last_seen, std::string job) {
    auto stream = std::make_shared<http::EventStream>();
    // While this lock is held no event is told, so none is missed between the replay and the first live one.
    const std::scoped_lock lock(mutex_);
    Client client{stream, std::move(job), 0};
    const auto replay = last_seen ? jobs_.replay(*last_seen) : Result<JobReplay>(JobReplay{});
    if (!last_seen) {
        stream->push(http::format_event("", "hello", text({{"version", DIGITS_VERSION}})));
    } else if (!replay || !replay->complete) {
        client.last = jobs_.last_event_id();
        stream->push(http::format_event(std::to_string(client.last), "reset",
                                        text({{"reason", "events since then are no longer kept"}})));
    } else {
        client.last = *last_seen;
        for (const auto& event : replay->events) {
            client.last = event.id;
            if (client.job.empty() || client.job == event.job_id) stream->push(format(event));
        }
    }
    clients_.push_back(std::move(client));
    return stream;
}

}  // namespace digits::api
