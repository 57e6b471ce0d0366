#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace digits {

/// What data.yaml says of a YOLO dataset; the file may have another name.
struct DataYaml {
    std::vector<std::string> names;  ///< of the classes, by their numbers
    std::string path;
    std::array<std::vector<std::string>, 3> splits;  ///< by Split: folders or lists, as they are written
    std::optional<std::size_t> count;                ///< of classes
    std::size_t points_behind = 0;                   ///< numbers behind the box of a row, of key points

    bool has_splits() const;
};

/// `file`: its name in errors. kInvalidArgument for what is not YAML, or has no members.
Result<DataYaml> parse_data_yaml(const std::string& text, const std::string& file);

/// A folder or list of data.yaml, whatever lies in front of it on another machine, such as Roboflow's
/// "../train/images" for the folder beside data.yaml: the first that is there of the whole place and of its ends, below
/// one of `starts`. Only what lies in one of `within`; empty where there is none.
std::filesystem::path find_yaml_place(const std::string& place, const std::vector<std::filesystem::path>& starts,
                                      const std::vector<std::string>& within);

}  // namespace digits
