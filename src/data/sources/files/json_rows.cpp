#include "data/sources/files/json_rows.hpp"

#include "data/sources/files/image_files.hpp"
#include "data/sources/files/json_file.hpp"

namespace digits {

Result<std::vector<JsonRow>> read_json_rows(const std::string& text, const std::string& file) {
    auto document = parse_shallow_json(text);
    const auto wrong = [&](const char* why) {
        return fail(make_error(ErrorCode::kInvalidArgument, "{}", why).at(file));
    };
    if (!document) return fail(std::move(document).error().at(file));
    auto* list = &*document;
    if (list->is_object())
        for (const char* member : {"images", "data", "samples"})
            if (const auto found = list->find(member); found != list->end() && found->is_array()) {
                list = &*found;
                break;
            }
    std::vector<JsonRow> rows;
    if (list->is_object()) {
        for (auto& [path, value] : list->items())
            if (has_image_extension(path)) rows.push_back({path, std::move(value)});
    } else if (list->is_array()) {
        for (auto& item : *list) {
            if (!item.is_object()) continue;
            for (const char* member : {"image", "path", "file", "file_name", "filename"})
                if (const auto found = item.find(member); found != item.end() && found->is_string()) {
                    auto path = found->get<std::string>();
                    item.erase(member);
                    rows.push_back({std::move(path), std::move(item)});
                    break;
                }
        }
    }
    if (rows.empty()) return wrong("it has no images; it must be a list of objects with a member \"image\"");
    return rows;
}

}  // namespace digits
