#include "data/sources/masks/color_map.hpp"

#include <charconv>
#include <cmath>
#include <map>

#include "base/named_file.hpp"
#include "base/text.hpp"
#include "data/sources/files/image_files.hpp"
#include "data/sources/objects/object_images.hpp"
#include "data/sources/objects/paint.hpp"

namespace digits {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{16} << 20;

std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    bool inside = false;
    for (const char c : line) {
        const bool between = c == ' ' || c == '\t' || c == ',' || c == ';' || c == '\r' || c == ':' || c == '[' ||
                             c == ']' || c == '(' || c == ')';
        if (!between && !inside) words.emplace_back();
        if (!between) words.back() += c;
        inside = !between;
    }
    return words;
}

std::optional<std::uint32_t> hex_color(std::string_view word) {
    const auto start = word.starts_with('#') ? 1U : word.starts_with("0x") || word.starts_with("0X") ? 2U : 0U;
    if (word.size() != start + 6) return std::nullopt;
    std::uint32_t color = 0;
    const auto [stop, error] = std::from_chars(word.data() + start, word.data() + word.size(), color, 16);
    return error == std::errc() && stop == word.data() + word.size() ? std::optional(color) : std::nullopt;
}

/// A whole number, perhaps written with a fraction of 0.
std::optional<int> number_of(const std::string& word) {
    const auto value = finite_number(word);
    if (!value || *value != std::trunc(*value) || std::abs(*value) > 1e6) return std::nullopt;
    return static_cast<int>(*value);
}

struct Line {
    int number = 0;  ///< in the file
    std::vector<int> numbers;
    std::string name;

    std::uint32_t color(std::size_t first) const {
        return static_cast<std::uint32_t>(numbers[first] << 16 | numbers[first + 1] << 8 | numbers[first + 2]);
    }
};

/// "0 0 128 car", "car 0 0 128", "#000080", "car:0,0,128::" of CVAT's and VOC's label maps; a fourth number is told
/// apart later.
Line parse_line(const std::vector<std::string>& words) {
    Line line;
    for (const auto& word : words) {
        const auto hex = hex_color(word);
        // "facade 1 2 3" is a name.
        if (hex && line.numbers.empty() && (word.size() > 6 || words.size() < 4)) {
            line.numbers = {static_cast<int>(*hex >> 16), static_cast<int>(*hex >> 8 & 255),
                            static_cast<int>(*hex & 255)};
        } else if (const auto number = number_of(word); number && line.numbers.size() < 4) {
            line.numbers.push_back(*number);
        } else {
            line.name += (line.name.empty() ? "" : " ") + word;
        }
    }
    return line;
}

bool is_header(const Line& line) {
    return line.numbers.empty() && (line.name.ends_with("r g b") || line.name.ends_with("R G B") ||
                                    line.name.find("red green blue") != std::string::npos ||
                                    line.name.find("Red Green Blue") != std::string::npos);
}

/// Where the colors begin when lines have four numbers: behind the number of the class, or before an alpha of 255.
std::size_t first_of_color(const std::vector<Line>& lines) {
    bool counts = true, opaque = true;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (lines[i].numbers.size() != 4) return 0;
        counts = counts && lines[i].numbers[0] == static_cast<int>(i);
        opaque = opaque && lines[i].numbers[3] == 255;
    }
    return counts && !opaque ? 1 : 0;
}

/// What is wrong with the numbers, or "".
std::string fault_of(const Line& line, std::size_t first) {
    const auto& numbers = line.numbers;
    if (numbers.size() < 3 || (numbers.size() == 4 && first == 0 && numbers[3] != 255))
        return fmt::format("a color must be three numbers, red, green and blue; got {}", numbers.size());
    for (std::size_t i = first; i < first + 3; ++i)
        if (numbers[i] < 0 || numbers[i] > 255)
            return fmt::format("a color value must be 0 to 255; got {}", numbers[i]);
    return "";
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
    std::vector<Line> lines;
    int number = 0;
    for (std::string_view rest = without_byte_order_mark(text); !rest.empty();) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const auto words = words_of(rest.substr(0, end));
        const bool comment = is_comment(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        ++number;
        if (words.empty() || comment) continue;
        auto line = parse_line(words);
        line.number = number;
        if (!lines.empty() || !is_header(line)) lines.push_back(std::move(line));
    }
    const auto file = std::string(last_part(path));
    const auto first = first_of_color(lines);
    bool has_names = false;
    std::map<std::uint32_t, int> lines_of;  // by color
    for (auto& line : lines) {
        if (auto fault = fault_of(line, first); !fault.empty()) {
            findings.add({FindingKind::kBadRow, file, line.number, std::move(fault)});
            continue;
        }
        const auto color = line.color(first);
        if (const auto [known, is_new] = lines_of.emplace(color, line.number); !is_new)
            findings.add({FindingKind::kRepeatedId, file, line.number,
                          fmt::format("{} is the color of line {}", color_text(color), known->second)});
        map.colors.push_back(color);
        has_names = has_names || !line.name.empty();
        map.names.push_back(std::move(line.name));
    }
    if (!has_names) map.names.clear();
    if (map.colors.empty())
        return fail(make_error(ErrorCode::kInvalidArgument,
                               "no line has a color; give each line three numbers: red, green and blue")
                        .at(path));
    return map;
}

}  // namespace digits
