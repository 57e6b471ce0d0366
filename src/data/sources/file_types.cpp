#include "data/sources/file_types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace digits {

void add_types(const FileTypes& more, FileTypes& all) {
    for (const auto& [type, count] : more) all[type] += count;
}

std::uint64_t count_files(const FileTypes& types) {
    std::uint64_t count = 0;
    for (const auto& [type, files] : types) count += files;
    return count;
}

std::string unsupported_text(const FileTypes& types) {
    constexpr std::size_t kMostNamed = 8;
    std::vector<std::pair<std::uint64_t, std::string>> order;
    for (const auto& [type, count] : types) order.emplace_back(count, type);
    std::ranges::stable_sort(order, std::greater(), &std::pair<std::uint64_t, std::string>::first);
    const auto count = count_files(types);
    auto text = fmt::format("{} of unsupported types {} skipped: ", count_of(count, "file"), count == 1 ? "is" : "are");
    for (std::size_t i = 0; i < std::min(order.size(), kMostNamed); ++i)
        text += fmt::format("{}{} {}", i ? ", " : "", order[i].second, grouped(order[i].first));
    return order.size() > kMostNamed ? text + ", …" : text;
}

std::string count_of(std::uint64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", grouped(count), noun, count == 1 ? "" : "s");
}

}  // namespace digits
