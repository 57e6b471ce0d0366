#include "api/compat/image_list.hpp"

#include <charconv>

#include "api/compat/form.hpp"
#include "api/job_specs.hpp"
#include "base/file.hpp"
#include "http/header_text.hpp"

namespace digits::api::compat {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxListBytes = 64 << 20;

ListedImage parse_line(std::string_view line) {
    const auto space = line.find_last_of(" \t");
    if (space != std::string_view::npos) {
        const auto word = line.substr(space + 1);
        std::int64_t label = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), label);
        if (error == std::errc() && end == word.data() + word.size() && label >= 0)
            return {std::string(http::trim(line.substr(0, space))), label};
    }
    return {std::string(line), std::nullopt};
}

}  // namespace

Result<std::vector<ListedImage>> read_listed_images(const Arguments& arguments, const Context& context) {
    const auto* part = arguments.find_file("image_list");
    if (!part) return fail(ErrorCode::kInvalidArgument, "image_list is a required field");
    const fs::path folder(arguments.get("image_folder"));
    std::error_code ignored;
    if (!folder.empty() && !fs::is_directory(folder, ignored))
        return fail(ErrorCode::kInvalidArgument, "image_folder \"{}\" does not exit", folder.string());
    std::size_t most = SIZE_MAX;
    if (const auto text = arguments.get("num_test_images"); !text.empty()) {
        const auto number = parse_number(text);
        if (!number || *number < 1)
            return fail(ErrorCode::kInvalidArgument, "num_test_images: Not a valid integer value");
        most = static_cast<std::size_t>(std::min(*number, 1e9));
    }
    DIGITS_ASSIGN(const auto text, read_file(part->file->path(), kMaxListBytes));
    std::vector<ListedImage> images;
    std::string_view rest(text);
    while (!rest.empty() && images.size() < most) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const auto line = http::trim(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.empty()) continue;
        auto image = parse_line(line);
        if (!folder.empty() && !fs::path(image.path).is_absolute()) image.path = (folder / image.path).string();
        DIGITS_TRY(check_path(image.path, context));
        images.push_back(std::move(image));
    }
    return images;
}

}  // namespace digits::api::compat
