#include "data/sources/color_map.hpp"

#include <charconv>

#include "base/named_file.hpp"
#include "base/text.hpp"
#include "data/sources/image_files.hpp"
#include "data/sources/object_images.hpp"

namespace digits {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{16} << 20;

std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    bool inside = false;
    for (const char c : line) {
        const bool between = c == ' ' || c == '\t' || c == ',' || c == ';' || c == '\r' || c == ':';
        if (!between && !inside) words.emplace_back();
        if (!between) words.back() += c;
        inside = !between;
    }
    return words;
}

std::optional<std::uint32_t> hex_color(std::string_view word) {
    if (word.size() != 7 || word[0] != '#') return std::nullopt;
    std::uint32_t color = 0;
    const auto [stop, error] = std::from_chars(word.data() + 1, word.data() + word.size(), color, 16);
    return error == std::errc() && stop == word.data() + word.size() ? std::optional(color) : std::nullopt;
}

std::optional<int> number_of(const std::string& word) {
    int value = 0;
    const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    return error == std::errc() && stop == word.data() + word.size() ? std::optional(value) : std::nullopt;
}

struct Line {
    std::uint32_t color = 0;
    std::string name;
};

/// "0 0 128 car", "car 0 0 128", "#000080", "car:0,0,128::" of CVAT's and VOC's label maps.
Result<Line> parse_line(const std::vector<std::string>& words) {
    Line line;
    std::vector<int> numbers;
    for (const auto& word : words) {
        if (const auto hex = hex_color(word)) {
            line.color = *hex;
            numbers = {0, 0, 0};
        } else if (const auto number = number_of(word); number && numbers.size() < 3) {
            if (*number < 0 || *number > 255)
                return fail(ErrorCode::kInvalidArgument, "{} is not a color value, expected 0 to 255", *number);
            numbers.push_back(*number);
            if (numbers.size() == 3)
                line.color = static_cast<std::uint32_t>(numbers[0] << 16 | numbers[1] << 8 | numbers[2]);
        } else {
            line.name += (line.name.empty() ? "" : " ") + word;
        }
    }
    if (numbers.size() != 3)
        return fail(ErrorCode::kInvalidArgument, "{} numbers, expected red, green and blue", numbers.size());
    return line;
}

bool is_comment(std::string_view line) {
    const auto start = line.find_first_not_of(" \t");
    if (start == std::string_view::npos || line[start] != '#') return false;
    return !hex_color(line.substr(start, 7));
}

}  // namespace

Result<ColorMap> read_color_map(const std::string& path, const ReadableRoots& roots, const SourceContext& context,
                                Findings& findings) {
    ColorMap map;
    if (has_image_extension(path)) {
        DIGITS_ASSIGN(const auto bytes, read_named_file(path, kMostBytes, roots));
        DIGITS_ASSIGN(const auto image, context.decode_labels(bytes, {}));
        map.colors = image.palette;
        if (map.colors.empty())
            return fail(make_error(ErrorCode::kInvalidArgument, "the image has no palette").at(path));
        return map;
    }
    DIGITS_ASSIGN(const auto text, read_text_file(path, kMostBytes, roots));
    bool has_names = false;
    int number = 0;
    for (std::string_view rest = without_byte_order_mark(text); !rest.empty();) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const auto line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        ++number;
        const auto words = words_of(line);
        if (words.empty() || is_comment(line)) continue;
        auto parsed = parse_line(words);
        if (!parsed) {
            findings.add({FindingKind::kBadRow, std::string(last_part(path)), number, parsed.error().message});
            continue;
        }
        map.colors.push_back(parsed->color);
        has_names = has_names || !parsed->name.empty();
        map.names.push_back(std::move(parsed->name));
    }
    if (!has_names) map.names.clear();
    if (map.colors.empty())
        return fail(
            make_error(ErrorCode::kInvalidArgument, "no line has a color, expected red, green and blue").at(path));
    return map;
}

}  // namespace digits
