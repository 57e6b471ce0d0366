#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/safe_path.hpp"
#include "data/sources/findings.hpp"
#include "data/sources/scan_limits.hpp"
#include "data/split.hpp"

namespace digits {

struct ObjectImage;  // object_images.hpp

/// `path` without the folder in front.
std::string below(const std::string& folder, const std::string& path);

/// "train", "Train", "training"; "val", "valid", "validation"; "test", "testing"; else none.
std::optional<Split> split_named(std::string_view name);

/// The path without its last ending.
std::string_view without_ending(std::string_view path);
std::string_view last_part(std::string_view path);

/// The images of a folder, by the names that label files give them.
class ImageIndex {
  public:
    static Result<ImageIndex> of(const std::string& folder, const ReadableRoots& roots, ScanGuard& guard,
                                 std::vector<std::string>& warnings);
    const std::vector<std::string>& paths() const { return paths_; }
    /// An image by "x/1.jpg", "x/1" or, where only one image has it, "1". Folders in front that are not below this one
    /// do not matter, nor do the ways in which other machines write a path. Null when there is none.
    const std::string* find(const std::string& name) const;
    /// Gives `image` the file of this name, or a finding.
    void assign(const std::string& name, ObjectImage& image, int line = 0,
                std::vector<std::pair<std::string_view, std::int64_t>> numbers = {}) const;
    /// By a folder of the path that is called train, val or test.
    std::optional<Split> split_of_folder(const std::string& path) const;
    /// Whether images are in such folders of more than one split.
    bool has_split_folders() const;
    /// Whether another image has the same path but for the ending.
    bool shares_stem(const std::string& path) const;
    /// Such images: findings, where labels belong to images by that path.
    void report_shared_stems(Findings& findings) const;
    /// Images beside used ones that no label has used: findings.
    void report_unlisted(const std::vector<ObjectImage>& used, Findings& findings) const;

  private:
    using Places = std::map<std::string, std::vector<std::size_t>, std::less<>>;
    struct Match {
        std::optional<std::size_t> place;
        bool is_guessed = false;
    };
    Match match(const std::string& name) const;
    std::optional<std::size_t> exact(std::string_view name) const;
    Match by_last_part(std::string_view name) const;

    std::string folder_;
    std::vector<std::string> paths_;
    std::map<std::string, std::size_t, std::less<>> by_path_;
    Places by_stem_;   ///< the path without ending
    Places by_name_;   ///< the last part of that
    Places by_loose_;  ///< and its loose_name()
};

}  // namespace digits
