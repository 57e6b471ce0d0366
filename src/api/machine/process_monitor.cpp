#include "api/machine/process_monitor.hpp"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace digits::api {
namespace {

constexpr auto kShortest = std::chrono::milliseconds(500);
constexpr auto kForgotten = std::chrono::minutes(1);

/// Of /proc/<pid>/stat.
struct Times {
    double busy_s = 0;
    double start_s = 0;  ///< since boot
    int threads = 0;
};

std::optional<Times> read_times(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    const auto name_end = text.rfind(')');  // the name itself may hold anything
    if (name_end == std::string::npos) return std::nullopt;
    std::istringstream fields(text.substr(name_end + 1));
    std::string state;
    double values[23]{};  // by their numbers in proc(5)
    fields >> state;
    for (int i = 4; i <= 22; ++i) fields >> values[i];
    if (!fields) return std::nullopt;
    const auto tick = static_cast<double>(sysconf(_SC_CLK_TCK));
    return Times{(values[14] + values[15]) / tick, values[22] / tick, static_cast<int>(values[20])};
}

std::uint64_t read_bytes(int pid, const std::string& key) {
    std::ifstream lines("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(key)) return std::strtoull(line.c_str() + key.size(), nullptr, 10) * 1024;
    return 0;
}

double uptime_s() {
    std::ifstream file("/proc/uptime");
    double seconds = 0;
    file >> seconds;
    return seconds;
}

}  // namespace

std::optional<ProcessUse> ProcessMonitor::look(int pid) {
    const auto now = Clock::now();
    std::erase_if(looks_, [&](const auto& one) { return now - one.second.time > kForgotten; });
    const auto known = looks_.find(pid);
    if (known != looks_.end() && now - known->second.time < kShortest) return known->second.use;
    const auto times = read_times(pid);
    if (!times) return std::nullopt;
    const bool seen = known != looks_.end();
    const double span =
        seen ? std::chrono::duration<double>(now - known->second.time).count() : uptime_s() - times->start_s;
    const double busy = times->busy_s - (seen ? known->second.busy_s : 0);
    const ProcessUse use{span > 0 ? busy / span : 0, times->threads, read_bytes(pid, "VmRSS:"),
                         read_bytes(pid, "VmHWM:")};
    looks_[pid] = {now, times->busy_s, use};
    return use;
}

}  // namespace digits::api
