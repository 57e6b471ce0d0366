#include "base/main_memory.hpp"

#include <algorithm>
#include <fstream>
#include <string>

namespace digits {
namespace {

namespace fs = std::filesystem;

/// -1 if there is no number, as for "max".
std::int64_t number_in(const fs::path& file) {
    std::ifstream text(file);
    std::int64_t number = -1;
    if (!(text >> number)) return -1;
    return number;
}

/// The sum of some lines of a file with a name and a number in each line.
template <class... Names>
std::int64_t sum_of(const fs::path& file, Names... names) {
    std::ifstream text(file);
    std::int64_t sum = 0, value = 0;
    for (std::string name; text >> name >> value;)
        if (((name == names) || ...)) sum += value;
    return sum;
}

std::int64_t meminfo_bytes(const fs::path& system, std::string_view name) {
    std::ifstream info(system / "proc/meminfo");
    for (std::string line; std::getline(info, line);)
        if (line.starts_with(name)) return std::atoll(line.c_str() + name.size()) * 1024;
    return 0;
}

void limit(MemoryRoom& room, std::int64_t most, std::int64_t used) {
    if (most <= 0 || used < 0) return;
    room.free = std::min(room.free, std::max<std::int64_t>(most - used, 0));
    room.total = std::min(room.total, most);
}

void limit_by_group_2(MemoryRoom& room, const fs::path& group) {
    const auto cache = sum_of(group / "memory.stat", "active_file", "inactive_file");
    const auto used = number_in(group / "memory.current");
    limit(room, number_in(group / "memory.max"), used < 0 ? used : std::max<std::int64_t>(used - cache, 0));
}

void limit_by_group_1(MemoryRoom& room, const fs::path& group) {
    const auto cache = sum_of(group / "memory.stat", "total_active_file", "total_inactive_file");
    const auto used = number_in(group / "memory.usage_in_bytes");
    limit(room, number_in(group / "memory.limit_in_bytes"), used < 0 ? used : std::max<std::int64_t>(used - cache, 0));
}

/// A group and those above it. In a container the path may be that of the host, while the container sees its own group
/// as the root; then only the root is there.
template <class Limit>
void limit_by_groups(MemoryRoom& room, const fs::path& root, fs::path group, Limit limit_by) {
    for (;; group = group.parent_path()) {
        limit_by(room, root / group);
        if (group.empty()) return;
    }
}

}  // namespace

MemoryRoom main_memory(const fs::path& system) {
    MemoryRoom room{meminfo_bytes(system, "MemAvailable:"), meminfo_bytes(system, "MemTotal:")};
    const auto root = system / "sys/fs/cgroup";
    std::ifstream groups(system / "proc/self/cgroup");
    for (std::string line; std::getline(groups, line);) {
        if (line.starts_with("0::/")) limit_by_groups(room, root, line.substr(4), limit_by_group_2);
        const auto found = line.find(":memory:/");
        if (found != std::string::npos)
            limit_by_groups(room, root / "memory", line.substr(found + 9), limit_by_group_1);
    }
    return room;
}

}  // namespace digits
