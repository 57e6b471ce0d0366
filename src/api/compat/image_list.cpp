#include "api/compat/image_list.hpp"

#include <algorithm>

#include "api/compat/form.hpp"
#include "api/jobs/job_specs.hpp"
#include "base/file.hpp"

namespace digits::api::compat {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxListBytes = 64 << 20;

}  // namespace

Result<std::vector<ListedPicture>> read_listed_images(const Arguments& arguments, const Context& context) {
    const auto* part = arguments.find_file("image_list");
    if (!part) return fail(ErrorCode::kInvalidArgument, "image_list is a required field");
    const fs::path folder(arguments.get("image_folder"));
    std::error_code ignored;
    if (!folder.empty() && !fs::is_directory(folder, ignored))
        return fail(ErrorCode::kInvalidArgument, "image_folder \"{}\" does not exit", folder.string());
    std::size_t most = 0;
    if (const auto text = arguments.get("num_test_images"); !text.empty()) {
        const auto number = parse_number(text);
        if (!number || *number < 1)
            return fail(ErrorCode::kInvalidArgument, "num_test_images: Not a valid integer value");
        most = static_cast<std::size_t>(std::min(*number, 1e9));
    }
    DIGITS_ASSIGN(const auto text, read_file(part->file->path(), kMaxListBytes));
    auto images = parse_picture_list(text, folder, most);
    for (const auto& image : images)
        if (!is_web_address(image.path)) DIGITS_TRY(check_path(image.path, context));
    return images;
}

}  // namespace digits::api::compat
