#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "jobs/manager.hpp"

namespace digits::api {

enum class Detail { kBrief, kFull };

/// The contract's `Job`; in full with spec and result.
nlohmann::json job_view(const Job& job, Detail detail);

/// The brief view as text.
std::string job_row(const Job& job);

/// The contract's `Best`, or null.
nlohmann::json best_view(const Job& job);

/// "2026-11-23T10:15:00.123Z"; null for 0.
nlohmann::json time_view(double unix_seconds);

/// The words and the form that DIGITS's info.json has: "Done"; local time, "2026-11-23 10:15:00.123456".
std::string digits_status(JobState state);
std::string digits_time(double unix_seconds);

/// Of the two files together, as far as they are there.
std::uint64_t snapshot_bytes(const std::filesystem::path& dir, const std::string& weights, const std::string& state);

/// The contract's `Error`.
nlohmann::json error_view(const Error& error);

}  // namespace digits::api
