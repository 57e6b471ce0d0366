#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace digits {

/// A longer line of events is skipped.
inline constexpr std::size_t kMaxEventLine_bytes = 16 << 20;

/// Reads the events of a growing events.jsonl, whole lines only, from any offset.
class EventLogReader {
  public:
    EventLogReader(std::filesystem::path file, std::uint64_t offset);

    /// Events from the offset on, about `limit_bytes` of them, and moves the offset behind them. Lines that are no
    /// events are skipped with a warning in our log. No file: no events. A file shorter than the offset is read again
    /// from its start.
    Result<std::vector<nlohmann::json>> read(std::size_t limit_bytes);
    std::uint64_t offset() const { return offset_; }
    /// True if the last `read` stopped at its limit.
    bool has_more() const { return has_more_; }

  private:
    std::filesystem::path file_;
    std::uint64_t offset_;
    bool has_more_ = false;
    bool skipping_ = false;
};

/// The events in complete lines of a text.
std::vector<nlohmann::json> parse_event_lines(std::string_view text, std::string_view origin);

/// The `error` of a `failed` or `response` event.
Error parse_task_error(const nlohmann::json& event);

/// Ends a last line that a killed worker left unfinished, so that the next attempt begins on a new one.
Status end_torn_line(const std::filesystem::path& file);

}  // namespace digits
