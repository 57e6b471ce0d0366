#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace digits {

/// A picture as a browser takes it.
struct PictureFile {
    std::string bytes;
    std::string_view content_type;
};

/// Of a picture file that a browser shows, by its first bytes; else empty.
std::string_view shown_content_type(std::string_view bytes);

/// The picture of a split's database under this number and class. As `Gallery::picture`.
Result<PictureFile> record_picture(const std::filesystem::path& database, std::uint64_t index, int label);

/// The pictures of one split in the order of their keys, to page through. It knows labels and names; the database is
/// open only during a call, so calls of one process must not overlap.
class Gallery {
  public:
    struct Picture {
        std::uint64_t index = 0;  ///< counted from 0 over the split
        int label = 0;
        std::string file;  ///< where it was made from; empty when the list does not fit the database
        int width = 0;
        int height = 0;
        int channels = 0;
    };
    struct Page {
        std::vector<Picture> pictures;
        std::optional<std::uint64_t> next;  ///< where the next page begins, if there is one
    };

    /// `split` is its name in unreadable.txt, whose pictures are in the list but not in the database. Errors: kNotFound
    /// and kDataLoss of the database.
    static Result<Gallery> open(const std::filesystem::path& folder, const std::string& split,
                                const std::string& database, const std::string& list);

    /// Of one class, or of all.
    std::uint64_t count(std::optional<int> label) const;
    /// The index of the image that comes after `skipped` others of this class, or of all; the number of images if there
    /// is none.
    std::uint64_t index_after(std::uint64_t skipped, std::optional<int> label) const;
    Result<Page> page(std::uint64_t from, std::uint64_t limit, std::optional<int> label) const;
    /// JPEG and PNG as they are stored, raw samples as PNG. Errors: kNotFound, kUnsupported for another format.
    Result<PictureFile> picture(std::uint64_t index) const;

  private:
    /// The database decides; a list in another order has no names to give.
    Status check_keys();

    std::filesystem::path database_;
    std::filesystem::path list_;
    std::vector<int> labels_;              ///< by index
    std::vector<std::uint64_t> lines_;     ///< where each picture's line begins in the list; empty without names
    std::vector<std::uint64_t> by_label_;  ///< how many of each
};

}  // namespace digits
