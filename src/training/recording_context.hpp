#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/task_context.hpp"

namespace digits {

/// Series ("train/loss") and iteration.
using Point = std::pair<std::string, std::int64_t>;

/// Keeps the events; can ask for an abort as soon as an event fulfils a condition.
class RecordingContext final : public TaskContext {
  public:
    explicit RecordingContext(std::filesystem::path dir) : dir_(std::move(dir)) {}
    const std::filesystem::path& job_dir() const override { return dir_; }
    void emit(const nlohmann::json& event) override {
        events.push_back(event);
        if (abort_when && abort_when(event)) abort_ = true;
    }
    bool abort_requested() const override { return abort_; }
    bool take_snapshot_request() override { return std::exchange(snapshot_wanted, false); }

    /// Every number that does not depend on the clock.
    std::map<Point, double> metrics() const {
        std::map<Point, double> points;
        for (const auto& event : events) {
            if (event["event"] != "metrics") continue;
            for (const auto& [name, value] : event["values"].items())
                if (name != "images_per_s" && name != "data_wait")
                    points[{event["phase"].get<std::string>() + "/" + name, event["iteration"].get<std::int64_t>()}] =
                        value.get<double>();
        }
        return points;
    }

    std::vector<nlohmann::json> events;
    std::function<bool(const nlohmann::json&)> abort_when;
    bool snapshot_wanted = false;

  private:
    std::filesystem::path dir_;
    bool abort_ = false;
};

}  // namespace digits
