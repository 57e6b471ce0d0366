#pragma once

#include <filesystem>
#include <string>

namespace digits {

/// The path of a list's entry: with a `root_folder` in front of every entry, absolute ones too, as in
/// Caffe. What is relative then starts at `base`.
inline std::filesystem::path listed_path(const std::filesystem::path& base, std::string root_folder,
                                         const std::string& entry) {
    if (!root_folder.empty() && !root_folder.ends_with('/') && !entry.starts_with('/')) root_folder += '/';
    return base / (root_folder + entry);
}

}  // namespace digits
