#include "api/compat/forms/image_list.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "api/compat/forms/form.hpp"
#include "api/requests/named_places.hpp"
#include "api/requests/warm_questions.hpp"

namespace digits::api::compat {

using nlohmann::json;

http::Async<Result<ImageList>> ImageList::open(const Arguments& arguments, const Context& context) {
    const auto* part = arguments.find_file("image_list");
    if (!part) co_return fail(ErrorCode::kInvalidArgument, "image_list is a required field");
    auto folder = arguments.get("image_folder");
    if (!folder.empty()) {
        const std::vector<NamedPlace> places{{folder, NamedPlace::Kind::kFolder, ""}};
        DIGITS_CO_ASSIGN(const auto faults, co_await look_at_places(places, context));
        if (faults.front() && faults.front()->code == ErrorCode::kPermissionDenied) co_return fail(*faults.front());
        if (faults.front()) co_return fail(ErrorCode::kInvalidArgument, "image_folder \"{}\" does not exit", folder);
    }
    auto most = std::numeric_limits<std::uint64_t>::max();
    if (const auto text = arguments.get("num_test_images"); !text.empty()) {
        const auto number = parse_number(text);
        if (!number || *number < 1)
            co_return fail(ErrorCode::kInvalidArgument, "num_test_images: Not a valid integer value");
        most = static_cast<std::uint64_t>(std::min(*number, 1e9));
    }
    co_return ImageList(part->file->path().string(), std::move(folder), most);
}

http::Async<Result<std::vector<ListedImage>>> ImageList::next(std::size_t most, const Context& context) {
    std::vector<ListedImage> images;
    if (!offset_ || left_ == 0) co_return images;
    json question{{"type", "list_portion"},
                  {"file", file_},
                  {"folder", folder_},
                  {"offset", *offset_},
                  {"most", std::min<std::uint64_t>(most, left_)}};
    DIGITS_CO_ASSIGN(const auto found, co_await assist(std::move(question), context));
    for (const auto& image : (*found)["images"]) {
        const auto label = image.value("label", json());
        images.push_back(
            {image.value("path", ""), label.is_null() ? std::nullopt : std::optional(label.get<std::int64_t>())});
    }
    left_ -= std::min<std::uint64_t>(left_, images.size());
    const auto& next = (*found)["next"];
    offset_ = next.is_null() ? std::nullopt : std::optional(next.get<std::uint64_t>());
    co_return images;
}

}  // namespace digits::api::compat
