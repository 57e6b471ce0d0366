#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/enum_names.hpp"
#include "base/result.hpp"
#include "data/sample.hpp"
#include "image/decode.hpp"

namespace digits {

struct DatumView;

/// An image as a browser takes it.
struct ImageFile {
    std::string bytes;
    std::string_view content_type;
};

/// An image file as a browser shows it, upright: the file itself where browsers show it as networks get it, else a PNG
/// of it, decoded by `decoding`. Errors: of decode_image(), for files of other formats.
Result<ImageFile> browser_image(std::string bytes, const DecodeOptions& decoding);

/// The image of a split's database under this number and class. As `Gallery::image`.
Result<ImageFile> record_image(const std::filesystem::path& database, std::uint64_t index, int label);

/// By the area of a box, in pixels of the stored image, with COCO's limits: 32 x 32 and 96 x 96.
enum class BoxSize { kSmall, kMedium, kLarge };
template <>
struct EnumNames<BoxSize> {
    static constexpr std::array<std::pair<BoxSize, std::string_view>, 3> kNames{
        {{BoxSize::kSmall, "small"}, {BoxSize::kMedium, "medium"}, {BoxSize::kLarge, "large"}}};
};

/// Which images are wanted; of samples with boxes, those that have such a box, of those with several labels, those
/// that have the label, of those with masks, those that have pixels of the class.
struct GalleryFilter {
    GalleryFilter() = default;
    GalleryFilter(std::nullopt_t) {}
    GalleryFilter(int its_label) : label(its_label) {}
    GalleryFilter(std::optional<int> its_label) : label(its_label) {}

    std::optional<int> label = std::nullopt;
    std::optional<BoxSize> size = std::nullopt;
    bool problems = false;  ///< only those with problems

    bool is_empty() const { return !label && !size && !problems; }
};

/// Where the targets of a split are, beside its images.
struct GalleryTargets {
    TargetKind kind = TargetKind::kClass;
    std::string database;                            ///< of the targets; empty: there is none
    std::size_t classes = 0;                         ///< of masks; 0: not known
    std::optional<int> ignore_label = std::nullopt;  ///< of masks: the pixels that do not count
};

/// The images of one split in the order of their keys, to page through. It knows labels and names; the database is
/// open only during a call, so calls of one process must not overlap.
class Gallery {
  public:
    struct Entry {
        std::uint64_t index = 0;  ///< counted from 0 over the split
        int label = 0;
        std::string file;  ///< where it was made from; empty when the list does not fit the database
        int width = 0;
        int height = 0;
        int channels = 0;
        std::optional<Boxes> boxes;         ///< in pixels of the image
        std::vector<std::string> problems;  ///< whole sentences
        std::vector<float> values;          ///< of a target of numbers
    };
    struct Page {
        std::vector<Entry> images;
        std::optional<std::uint64_t> next;  ///< where the next page begins, if there is one
    };

    /// `split` is its name in unreadable.txt, whose images are in the list but not in the database. Errors: kNotFound
    /// and kDataLoss of the database.
    static Result<Gallery> open(const std::filesystem::path& folder, const std::string& split,
                                const std::string& database, const std::string& list,
                                const GalleryTargets& targets = {});

    /// Looks at what a filter asks of masks, which are read once and only for that. Before the calls with the filter.
    /// Errors: kDataLoss of the targets.
    Status prepare(const GalleryFilter& filter);
    std::uint64_t count(const GalleryFilter& filter) const;
    /// The index of the image that comes after `skipped` others that are wanted; the number of images if there is none.
    std::uint64_t index_after(std::uint64_t skipped, const GalleryFilter& filter) const;
    Result<Page> page(std::uint64_t from, std::uint64_t limit, const GalleryFilter& filter) const;
    /// JPEG and PNG as they are stored, raw samples as PNG. Errors: kNotFound, kUnsupported for another format.
    Result<ImageFile> image(std::uint64_t index) const;
    /// The target that is a mask, as a PNG of class numbers, or an image. kNotFound where targets are neither.
    Result<ImageFile> target_image(std::uint64_t index) const;

  private:
    /// What filters ask of a record with boxes, a mask or several labels.
    struct BoxNote {
        std::vector<std::uint16_t> classes;  ///< class x 4 + size (of a box), sorted
        bool has_problems = false;
    };
    Status read_boxes(const std::vector<std::pair<int, int>>& sizes);
    Status read_values();
    Status read_masks();
    /// What is wrong with the mask of an image of this size, and the classes that it has.
    Result<std::vector<std::string>> problems_of_mask(const DatumView& datum, int width, int height,
                                                      BoxNote* note = nullptr) const;
    bool has_masks() const { return targets_.kind == TargetKind::kMask && !targets_.database.empty(); }
    bool has_notes() const { return targets_.kind == TargetKind::kBoxes || has_masks() || !notes_.empty(); }
    bool matches(std::uint64_t index, const GalleryFilter& filter) const;
    Result<Boxes> boxes_of(std::uint64_t index) const;

    /// The database decides; a list in another order has no names to give.
    Result<std::vector<std::pair<int, int>>> check_keys();

    std::filesystem::path database_;
    std::filesystem::path list_;
    std::vector<int> labels_;              ///< by index
    std::vector<std::uint64_t> lines_;     ///< where each image's line begins in the list; empty without names
    std::vector<std::uint64_t> by_label_;  ///< how many of each
    GalleryTargets targets_;
    std::vector<BoxNote>
        notes_;  ///< by index, of samples with boxes or several labels, and of masks once they are asked for
};

}  // namespace digits
