#include "base/unfinished_files.hpp"

#include <string>
#include <vector>

namespace digits {

void remove_unfinished_files(const std::filesystem::path& folder, std::string_view others) {
    std::error_code error;
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const auto name = entry.path().filename().string();
        const auto mark = name.find(kUnfinishedMark);
        if (mark != std::string::npos && name.substr(0, mark) != others) found.push_back(entry.path());
    }
    for (const auto& path : found) std::filesystem::remove(path, error);
}

}  // namespace digits
