#include "data/reports/duplicates.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace digits {
namespace {

using Clock = std::chrono::steady_clock;
using Member = DuplicateGroup::Member;

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

/// 64-bit FNV-1a of a file, eight bytes at a time; none when it cannot be read.
std::optional<std::uint64_t> hash_of(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return std::nullopt;
    const std::unique_ptr<std::FILE, CloseFile> file(::fdopen(fd, "rb"));
    if (!file) {
        ::close(fd);
        return std::nullopt;
    }
    struct stat info{};
    if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    std::array<std::uint64_t, 8192> words{};
    for (;;) {
        words.fill(0);
        const auto size = std::fread(words.data(), 1, sizeof words, file.get());
        for (std::size_t i = 0; i < (size + 7) / 8; ++i) {
            hash ^= words[i];
            hash *= 0x100000001b3ULL;
            hash ^= hash >> 29;
        }
        if (size < sizeof words) break;
    }
    if (std::ferror(file.get())) return std::nullopt;
    return hash;
}

}  // namespace

bool DuplicateGroup::crosses_splits() const {
    return std::ranges::any_of(members, [&](const Member& one) { return one.split != members.front().split; });
}

bool DuplicateGroup::has_two_targets() const {
    return std::ranges::any_of(members, [&](const Member& one) { return one.target != members.front().target; });
}

Duplicates find_duplicates(const SampleSource& source, Clock::time_point until) {
    struct Candidate {
        Split split;
        std::size_t index;
    };
    struct Part {
        std::uintmax_t size;
        PixelBox box;
        std::uint64_t item;
        auto operator<=>(const Part&) const = default;
    };
    // Two rectangles or items of one file are not copies of each other.
    std::map<Part, std::vector<Candidate>> by_size;
    for (const Split split : kSplits)
        for (std::size_t i = 0; i < source.size(split); ++i) {
            const auto name = source.name(split, i);
            std::error_code error;
            const auto size = std::filesystem::file_size(name.path, error);
            if (error) continue;
            by_size[{size, name.box.value_or(PixelBox{}), name.item.value_or(0)}].push_back({split, i});
        }
    Duplicates found;
    for (const auto& [key, candidates] : by_size) {
        if (candidates.size() == 1) {
            ++found.compared;
            continue;
        }
        std::map<std::uint64_t, DuplicateGroup> by_hash;
        for (const auto& [split, index] : candidates) {
            if (Clock::now() > until) {
                found.complete = false;
                break;
            }
            ++found.compared;
            const auto name = source.name(split, index);
            if (const auto hash = hash_of(name.path))
                by_hash[*hash].members.push_back({name.text(), split, source.target(split, index)});
        }
        for (auto& [hash, group] : by_hash)
            if (group.members.size() > 1) found.groups.push_back(std::move(group));
    }
    return found;
}

}  // namespace digits
