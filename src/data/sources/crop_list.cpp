#include "data/sources/crop_list.hpp"

#include <strings.h>

#include <charconv>
#include <optional>

#include "base/file.hpp"
#include "base/safe_path.hpp"

namespace digits {
namespace {

constexpr std::size_t kFields = 6;
constexpr int kMostTold = 5;
constexpr int kMostPixels = 1'000'000;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \r";
    const auto begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

char separator_of(std::string_view line) {
    for (const char candidate : {'\t', ';'})
        if (line.find(candidate) != std::string_view::npos) return candidate;
    return ',';
}

/// As in CSV files: a field in quotes may hold the separator, and a quote as two.
std::vector<std::string> fields_of(std::string_view line, char separator) {
    std::vector<std::string> fields{""};
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"') {
            if (quoted && i + 1 < line.size() && line[i + 1] == '"')
                fields.back() += line[i++];
            else
                quoted = !quoted;
        } else if (line[i] == separator && !quoted) {
            fields.emplace_back();
        } else {
            fields.back() += line[i];
        }
    }
    for (auto& field : fields) field = std::string(trimmed(field));
    return fields;
}

std::optional<int> whole_number(std::string_view text, int least) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < least || value > kMostPixels)
        return std::nullopt;
    return value;
}

Result<Crop> parse_crop(std::string_view line) {
    auto fields = fields_of(line, separator_of(line));
    if (fields.size() != kFields)
        return fail(ErrorCode::kInvalidArgument, "{} fields, expected path, x, y, width, height, label", fields.size());
    if (fields[0].empty()) return fail(ErrorCode::kInvalidArgument, "the path is missing");
    if (fields[5].empty()) return fail(ErrorCode::kInvalidArgument, "the label is missing");
    Crop crop{std::move(fields[0]), {}, std::move(fields[5])};
    struct Number {
        const char* name;
        int least;
        int& value;
    };
    const Number numbers[]{
        {"x", 0, crop.box.x}, {"y", 0, crop.box.y}, {"width", 1, crop.box.width}, {"height", 1, crop.box.height}};
    for (std::size_t i = 0; i < std::size(numbers); ++i) {
        const auto& [name, least, value] = numbers[i];
        const auto number = whole_number(fields[i + 1], least);
        if (!number)
            return fail(ErrorCode::kInvalidArgument, "{} is \"{}\", expected a whole number from {}", name,
                        fields[i + 1], least);
        value = *number;
    }
    return crop;
}

bool is_header(std::string_view line) {
    return strncasecmp(line.data(), "path", std::min<std::size_t>(4, line.size())) == 0;
}

}  // namespace

Result<CropList> read_crop_list(const std::filesystem::path& file, const std::filesystem::path& root,
                                const std::vector<std::string>& roots) {
    DIGITS_ASSIGN(const auto text, read_file(file));
    CropList list;
    AllowedRoots allowed(roots);
    int number = 0, left_out = 0;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        const auto line = trimmed(std::string_view(text).substr(begin, end - begin));
        begin = end + 1;
        ++number;
        if (line.empty() || line.front() == '#') continue;
        auto crop = parse_crop(line);
        if (!crop) {
            if (number == 1 && line.size() >= 4 && is_header(line)) continue;
            if (++left_out <= kMostTold)
                list.warnings.push_back(fmt::format("{}:{}: {}", file.string(), number, crop.error().message));
            continue;
        }
        if (!root.empty() && crop->path.front() != '/') crop->path = (root / crop->path).string();
        if (const auto inside = allowed.check(crop->path); !inside)
            return fail(Error(inside.error()).at(fmt::format("{}:{}", file.string(), number)));
        list.entries.push_back(std::move(*crop));
    }
    if (left_out > kMostTold)
        list.warnings.push_back(fmt::format("{}: {} more lines are left out", file.string(), left_out - kMostTold));
    if (list.entries.empty())
        return fail(make_error(ErrorCode::kInvalidArgument, "no valid line, expected path,x,y,width,height,label{}",
                               list.warnings.empty() ? "" : "; " + list.warnings.front())
                        .at(file.string()));
    return list;
}

}  // namespace digits
