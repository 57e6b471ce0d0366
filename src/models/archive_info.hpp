#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "models/pretrained_spec.hpp"

namespace digits {

/// What `info.json` of an unpacked model archive says; files are members, given with their folder.
struct ArchiveInfo {
    std::string license, origin;  ///< may be empty
    std::string title;
    std::filesystem::path weights;
    std::filesystem::path network;
    std::filesystem::path labels;        ///< empty: none
    std::filesystem::path mean;          ///< empty: none
    std::filesystem::path python_layer;  ///< empty: none
    PretrainedImage image;
    MeanMode mean_mode = MeanMode::kImage;
    ImageTransform transform;  ///< its `mean` is mean_mode
};

/// Reads `info.json` among `members`, the names of the files in `folder`. Errors, `where` "info.json" or
/// "info.json/KEY": kInvalidArgument for what is missing or names anything but a member, kUnsupported for another
/// framework.
Result<ArchiveInfo> read_archive_info(const std::filesystem::path& folder, const std::vector<std::string>& members);

/// What `info.json` says of files with more than 8 bits: "image value range", "image depth", "image bands". What is of
/// another form counts as not there.
void take_depth_from_info(const nlohmann::json& info, PretrainedImage& image);

}  // namespace digits
