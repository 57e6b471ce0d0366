#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace digits::cli {

/// "1:05", "2:03:04": hours, minutes, seconds.
std::string duration_text(double seconds);
/// "12.3 MB".
std::string bytes_text(double bytes);
/// "60,000".
std::string count_text(double count);

/// Columns as wide as their widest cell, two spaces between.
std::string table_text(const std::vector<std::vector<std::string>>& rows);

/// What a long work shows on standard error: one line that moves on a terminal, else a plain line every few seconds
/// and at the end of each step.
class ProgressDisplay {
  public:
    explicit ProgressDisplay(bool quiet);
    ~ProgressDisplay();

    /// `progress` as the API has it, or null.
    void show(const nlohmann::json& progress);
    /// A line that stays.
    void say(std::string_view text);
    /// The same, also when everything else is quiet.
    void warn(std::string_view text);

  private:
    void clear_line();

    const bool quiet_;
    const bool terminal_;
    bool line_open_ = false;
    std::string step_, shown_;
    std::chrono::steady_clock::time_point last_;
};

/// One line of progress, without the bar: "create train_db  12,000 / 60,000 images  4,000/s  0:12 left".
std::string progress_text(const nlohmann::json& progress);

}  // namespace digits::cli
