#include "data/sources/files/label_file_name.hpp"

#include <algorithm>
#include <string>

namespace digits {

bool is_label_file_name(std::string_view name) {
    name.remove_prefix(std::min(name.rfind('/') + 1, name.size()));
    std::string lower(name);
    for (auto& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    for (const char* start : {".", "readme", "license", "notice", "changelog"})
        if (lower.starts_with(start)) return false;
    for (const char* ending : {".xml", ".json", ".txt", ".csv", ".yaml", ".yml", ".names"})
        if (lower.ends_with(ending)) return true;
    return false;
}

}  // namespace digits
