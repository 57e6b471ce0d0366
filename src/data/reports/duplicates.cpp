#include "data/reports/duplicates.hpp"

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
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
    if (!file) return std::nullopt;
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

bool DuplicateGroup::has_two_labels() const {
    return std::ranges::any_of(members, [&](const Member& one) { return one.label != members.front().label; });
}

Duplicates find_duplicates(const DatasetPlan& plan, Clock::time_point until) {
    struct Candidate {
        const ListEntry* entry;
        Split split;
    };
    // Two rectangles of one file are no copies of each other.
    std::map<std::pair<std::uintmax_t, PixelBox>, std::vector<Candidate>> by_size;
    for (const Split split : kSplits)
        for (const auto& entry : plan.entries(split)) {
            std::error_code error;
            const auto size = std::filesystem::file_size(entry.path, error);
            if (!error) by_size[{size, entry.box.value_or(PixelBox{})}].push_back({&entry, split});
        }
    Duplicates found;
    for (const auto& [key, candidates] : by_size) {
        if (candidates.size() == 1) {
            ++found.compared;
            continue;
        }
        std::map<std::uint64_t, DuplicateGroup> by_hash;
        for (const auto& [entry, split] : candidates) {
            if (Clock::now() > until) {
                found.complete = false;
                break;
            }
            ++found.compared;
            if (const auto hash = hash_of(entry->path))
                by_hash[*hash].members.push_back({entry->name(), split, entry->label});
        }
        for (auto& [hash, group] : by_hash)
            if (group.members.size() > 1) found.groups.push_back(std::move(group));
    }
    return found;
}

}  // namespace digits
