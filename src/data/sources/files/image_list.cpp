#include "data/sources/files/image_list.hpp"

#include <charconv>

#include "base/file.hpp"
#include "base/safe_path.hpp"
#include "base/text.hpp"
#include "data/sources/files/loose_name.hpp"

namespace digits {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 31;
constexpr std::string_view kSpace = " \t\r\n\v\f";

std::string_view trimmed_end(std::string_view text) { return text.substr(0, text.find_last_not_of(kSpace) + 1); }

/// Calls `use(number, line)` with each line, counted from 1.
template <class Use>
void for_each_line(std::string_view text, Use use) {
    for (int number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        use(number, text.substr(0, end));
        if (end == std::string_view::npos) return;
        text.remove_prefix(end + 1);
    }
}

bool parse_line(std::string_view line, ListEntry& entry) {
    const auto space = line.find_last_of(kSpace);
    if (space == std::string_view::npos) return false;
    const auto number = line.substr(space + 1);
    const auto end = number.data() + number.size();
    const auto [stop, error] = std::from_chars(number.data(), end, entry.label);
    const auto path = trimmed_end(line.substr(0, space));
    if (error != std::errc{} || stop != end || path.empty()) return false;
    entry.path = path;
    return true;
}

/// The lines that count for datasets: labels are class numbers.
bool parse_class_line(std::string_view line, ListEntry& entry) { return parse_line(line, entry) && entry.label >= 0; }

}  // namespace

Result<ImageList> read_image_list(const std::filesystem::path& file, const std::filesystem::path& root,
                                  const std::vector<std::string>& roots) {
    DIGITS_ASSIGN(const auto text, read_text_file(file.native(), kMostBytes));
    const ScanLimits no_limits;
    ScanGuard guard(no_limits);
    return parse_image_list(text, file.string(), root, roots, guard);
}

Result<ImageList> parse_image_list(std::string_view text, const std::string& file, const std::filesystem::path& root,
                                   const std::vector<std::string>& roots, ScanGuard& guard) {
    ImageList list;
    AllowedRoots allowed(roots);
    Status status;
    for_each_line(text, [&](int number, std::string_view line) {
        if (status) status = guard.add_entry();
        line = trimmed_end(line);
        if (line.empty() || !status) return;
        ListEntry entry;
        if (!parse_class_line(line, entry)) {
            list.skipped_lines.push_back(number);
            return;
        }
        entry.path = listed_path(root, entry.path, file);
        if (status = allowed.check(entry.path); !status)
            status = fail(Error(status.error()).at(fmt::format("{}:{}", file, number)));
        list.entries.push_back(std::move(entry));
        guard.add_image();
    });
    DIGITS_TRY(status);
    if (list.entries.empty())
        return fail(make_error(ErrorCode::kInvalidArgument,
                               "the list has no valid line; give each line a path, a space and a class number")
                        .at(file));
    return list;
}

Result<std::vector<ListEntry>> read_strict_image_list(const std::filesystem::path& file) {
    DIGITS_ASSIGN(const auto text, read_text_file(file.native(), kMostBytes));
    std::vector<ListEntry> entries;
    Status status;
    for_each_line(text, [&](int number, std::string_view line) {
        line = trimmed_end(line);
        if (line.empty() || !status) return;
        if (!parse_line(line, entries.emplace_back()))
            status = fail(make_error(ErrorCode::kInvalidArgument, "a line must have a path, a space and a label")
                              .at(fmt::format("{}:{}", file.string(), number)));
    });
    DIGITS_TRY(status);
    if (entries.empty())
        return fail(
            make_error(ErrorCode::kInvalidArgument, "the list is empty; give each line a path, a space and a label")
                .at(file.string()));
    return entries;
}

bool is_web_address(std::string_view path) { return path.starts_with("http://") || path.starts_with("https://"); }

std::vector<ListedPath> parse_path_list(std::string_view text, const std::filesystem::path& root, std::size_t limit) {
    std::vector<ListedPath> paths;
    for_each_line(text, [&](int, std::string_view line) {
        line = trimmed_end(line);
        line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size()));
        if (line.empty() || (limit > 0 && paths.size() == limit)) return;
        ListedPath listed;
        if (ListEntry entry; parse_class_line(line, entry)) {
            listed = {std::move(entry.path), entry.label};
        } else {
            listed.path = line;
        }
        if (!root.empty() && listed.path.front() != '/' && !is_web_address(listed.path))
            listed.path = (root / listed.path).string();
        paths.push_back(std::move(listed));
    });
    return paths;
}

Status write_image_list(const std::filesystem::path& file, const std::vector<ListEntry>& entries) {
    std::string text;
    for (const auto& entry : entries) {
        text += entry.name();
        text += ' ';
        text += std::to_string(entry.label);
        text += '\n';
    }
    return write_file_atomic(file, text);
}

}  // namespace digits
