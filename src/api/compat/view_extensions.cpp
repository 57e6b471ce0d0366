#include "api/compat/view_extensions.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace digits::api::compat {
namespace {

const std::vector<ViewExtension>& view_extensions() {
    static const std::vector<ViewExtension> all{
        {"all-raw-data", "Raw Data", "raw", {}},
        {"image-bounding-boxes", "Bounding boxes", "boxes", {}},
        {"image-image-output",
         "Image output",
         "image",
         {{"channel_order", "rgb", {"rgb", "bgr"}},
          {"data_order", "chw", {"chw", "hwc"}},
          {"pixel_conversion", "normalize", {"normalize", "clip"}},
          {"show_input", "no", {"yes", "no"}}}},
        {"image-gradients",
         "Gradients",
         "gradients",
         {{"arrow_color", "red", {"red", "green", "blue"}}, {"arrow_size", "80", {}}}},
        {"image-segmentation", "Image Segmentation", "mask", {{"colormap", "dataset", {"dataset", "paired", "none"}}}},
    };
    return all;
}

/// 0 for what is not a number, or larger than an image needs.
std::int64_t whole_number(const std::string& text) {
    constexpr std::size_t kMostDigits = 3;
    const bool digits =
        !text.empty() && text.size() <= kMostDigits && text.find_first_not_of("0123456789") == std::string::npos;
    return digits ? std::stol(text) : 0;
}

}  // namespace

const ViewExtension* find_view_extension(std::string_view id) {
    for (const auto& view : view_extensions())
        if (view.id == id) return &view;
    return nullptr;
}

Result<AnswerChoices> read_view(const Arguments& arguments) {
    const auto id = arguments.get("view_extension_id");
    const auto* extension = find_view_extension(id.empty() ? "all-raw-data" : id);
    if (!extension) return fail(ErrorCode::kInternal, "Unknown extension '{}'", id);
    AnswerChoices choices;
    choices.view["kind"] = extension->kind;
    for (const auto& field : extension->fields) {
        const auto* given = arguments.find(field.name);
        const std::string value(given ? std::string_view(*given) : field.fallback);
        if (field.choices.empty()) {
            choices.arrow_size = whole_number(value);
            if (choices.arrow_size < 1)
                return fail(ErrorCode::kInternal,
                            "Extension form validation failed with {{'{}': ['Number must be at least 1.']}}",
                            field.name);
        } else if (std::ranges::find(field.choices, value) == field.choices.end())
            return fail(ErrorCode::kInternal, "Extension form validation failed with {{'{}': ['Not a valid choice']}}",
                        field.name);
        if (!field.choices.empty() && field.name != "show_input") choices.view[std::string(field.name)] = value;
    }
    choices.dont_resize = !arguments.get("dont_resize").empty();
    return choices;
}

}  // namespace digits::api::compat
