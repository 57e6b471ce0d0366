#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace digits {

/// The list of a split without the samples that could not be read: what its database holds, in the same order.
class SplitList {
  public:
    /// `split` is its name in the `unreadable.txt` beside the list. Empty when there is no list.
    static SplitList read(const std::filesystem::path& list, const std::string& split);

    std::size_t size() const { return labels_.size(); }
    /// -1 where the line has none.
    const std::vector<int>& labels() const { return labels_; }
    /// Where each line begins in the file.
    const std::vector<std::uint64_t>& lines() const { return lines_; }
    std::string_view path(std::size_t index) const;

    /// The path of a line of `path label` or `path [numbers]`.
    static std::string_view path_of(std::string_view line) { return line.substr(0, line.rfind(' ')); }

  private:
    std::string text_;
    std::vector<std::uint64_t> lines_;
    std::vector<int> labels_;
};

}  // namespace digits
