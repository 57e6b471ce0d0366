#include "data/sources/classes/crop_list.hpp"

#include <strings.h>

#include <charconv>
#include <optional>

#include "base/text.hpp"
#include "data/sources/files/delimited.hpp"
#include "data/sources/files/loose_name.hpp"

namespace digits {
namespace {

constexpr std::size_t kFields = 6;
constexpr int kMostPixels = 1'000'000;

std::optional<int> whole_number(std::string_view text, int least) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < least || value > kMostPixels)
        return std::nullopt;
    return value;
}

Result<Crop> parse_crop(std::vector<std::string> fields) {
    if (fields.size() != kFields)
        return fail(ErrorCode::kInvalidArgument,
                    "the line must have the 6 fields path, x, y, width, height and label; got {}", fields.size());
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
            return fail(ErrorCode::kInvalidArgument, "{} is \"{}\"; it must be a whole number of at least {}", name,
                        fields[i + 1], least);
        value = *number;
    }
    return crop;
}

bool is_header(const DelimitedLine& line) {
    constexpr std::string_view kPath = "path";
    return line.number == 1 && line.fields[0].size() >= kPath.size() &&
           strncasecmp(line.fields[0].data(), kPath.data(), kPath.size()) == 0;
}

}  // namespace

Result<CropList> read_crop_list(const std::filesystem::path& file, const std::filesystem::path& root,
                                const std::vector<std::string>& roots, ScanGuard& guard) {
    constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 31;
    DIGITS_ASSIGN(const auto text, read_text_file(file.native(), kMostBytes, ReadableRoots(roots)));
    CropList list;
    AllowedRoots allowed(roots);
    LineWarnings left_out(file.string());
    DelimitedText lines(text);
    for (DelimitedLine line; lines.next(line);) {
        DIGITS_TRY(guard.add_entry());
        const bool header = is_header(line);
        auto crop = parse_crop(std::move(line.fields));
        if (!crop) {
            if (!header) left_out.add(line.number, crop.error().message);
            continue;
        }
        crop->path = listed_path(root, crop->path, file);
        if (const auto inside = allowed.check(crop->path); !inside)
            return fail(Error(inside.error()).at(fmt::format("{}:{}", file.string(), line.number)));
        list.entries.push_back(std::move(*crop));
        guard.add_image();
    }
    list.warnings = left_out.finish();
    if (list.entries.empty())
        return fail(make_error(ErrorCode::kInvalidArgument,
                               "the list has no valid line; give each line path,x,y,width,height,label{}",
                               list.warnings.empty() ? "" : "; " + list.warnings.front())
                        .at(file.string()));
    return list;
}

}  // namespace digits
