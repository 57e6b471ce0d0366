#include "data/sources/files/split_list.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/file.hpp"

namespace digits {
namespace {

/// Calls `use(line, where it begins)` with each line that is not empty.
template <class Use>
void each_line(std::string_view text, Use use) {
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        if (end > begin) use(text.substr(begin, end - begin), begin);
        begin = end + 1;
    }
}

/// The number behind the last space; -1 without one. A list of numbers in brackets is not a class; its record has class
/// 0.
int number_of(std::string_view line) {
    const auto at = line.rfind(' ');
    if (at != std::string_view::npos && line.substr(at + 1).starts_with('[')) return 0;
    int number = -1;
    if (at != std::string_view::npos) std::from_chars(line.data() + at + 1, line.data() + line.size(), number);
    return number;
}

}  // namespace

SplitList SplitList::read(const std::filesystem::path& list, const std::string& split) {
    SplitList read;
    auto text = read_file(list);
    if (!text) return read;
    read.text_ = std::move(*text);
    std::set<std::string, std::less<>> unreadable;
    if (const auto bad = read_file(list.parent_path() / "unreadable.txt")) {
        each_line(*bad, [&](std::string_view line, std::size_t) {
            const auto first = line.find('\t');
            if (first == std::string_view::npos || line.substr(0, first) != split) return;
            const auto second = line.find('\t', first + 1);
            unreadable.emplace(line.substr(first + 1, second - first - 1));
        });
    }
    each_line(read.text_, [&](std::string_view line, std::size_t begin) {
        if (unreadable.contains(path_of(line))) return;
        read.labels_.push_back(number_of(line));
        read.lines_.push_back(begin);
    });
    return read;
}

std::string_view SplitList::path(std::size_t index) const {
    const std::string_view rest = std::string_view(text_).substr(lines_[index]);
    return path_of(rest.substr(0, rest.find('\n')));
}

}  // namespace digits
