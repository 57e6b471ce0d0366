#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "jobs/job.hpp"
#include "jobs/launchers/task_process.hpp"

namespace digits {

/// Where the kernel counts the processes that it killed because memory ran out: memory.events of the control group that
/// this process is in, else /proc/vmstat of the whole machine. None where there is no such thing. `system`: the root of
/// the file system, for tests.
std::optional<std::filesystem::path> find_memory_events(const std::filesystem::path& system = "/");
/// Processes that the kernel killed because memory ran out, so far; 0 if it does not say or there is no such file.
std::int64_t count_oom_kills(const std::filesystem::path& memory_events);

/// How much of a log's end an error shows.
inline constexpr std::size_t kLogTail_bytes = 4096;

struct Crash {
    ExitStatus exit;
    bool out_of_memory = false;  ///< the kernel killed because memory ran out meanwhile
    std::filesystem::path log;
    std::uint64_t log_start = 0;
};

/// Why a worker ended without a last event, in words, with the end of its log.
JobError explain_crash(const Crash& crash);

/// Whole lines from the end of a file, at most `max_bytes`, not from before `start`. Empty if there is no file.
std::string read_tail(const std::filesystem::path& file, std::size_t max_bytes, std::uint64_t start = 0);

}  // namespace digits
