#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "data/sample.hpp"
#include "data/sources/scan_limits.hpp"

namespace digits {

struct ListEntry {
    std::string path;
    int label = 0;
    std::optional<PixelBox> box = std::nullopt;  ///< none: the whole image
    bool operator==(const ListEntry&) const = default;

    /// SampleName::text()
    std::string name() const { return box ? SampleName{path, box}.text() : path; }
};

struct ImageList {
    std::vector<ListEntry> entries;
    std::vector<int> skipped_lines;  ///< numbers, from 1, of lines that are neither empty nor `path label`
};

/// Lines of `path label`: the last white space precedes the label, so a path may have spaces. Relative paths get
/// `root` in front. Errors: kInvalidArgument without any valid line; kPermissionDenied, with the line, for a path that
/// leads out of `roots` (empty: everywhere).
Result<ImageList> read_image_list(const std::filesystem::path& file, const std::filesystem::path& root,
                                  const std::vector<std::string>& roots = {});
/// The same of a text, `file` being its name; `guard` counts the lines.
Result<ImageList> parse_image_list(std::string_view text, const std::string& file, const std::filesystem::path& root,
                                   const std::vector<std::string>& roots, ScanGuard& guard);
/// As Caffe's ImageData layer reads lists: every line that is not empty must be `path label`, else it is an error that
/// names it; labels may be negative, which are there to be ignored. Paths stay as they are written.
Result<std::vector<ListEntry>> read_strict_image_list(const std::filesystem::path& file);
/// Name and label with one space, a line each; atomically.
Status write_image_list(const std::filesystem::path& file, const std::vector<ListEntry>& entries);

/// Whether a line names no file but an address of the web, which is left as it is.
bool is_web_address(std::string_view path);

struct ListedPath {
    std::string path;
    std::optional<std::int64_t> label;
};
/// Lines of `path`, or of `path label` as above, as DIGITS reads lists of images to classify: empty lines are left
/// out, relative paths get `root` in front, at most `limit` images (0: all).
std::vector<ListedPath> parse_path_list(std::string_view text, const std::filesystem::path& root, std::size_t limit);

}  // namespace digits
