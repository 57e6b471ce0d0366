#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/enum_names.hpp"

namespace digits {

/// What labels may have that somebody should know before a network is trained with them.
enum class FindingKind {
    kBadRow,           ///< a line or an entry that is not understood
    kClassOutOfRange,  ///< a class number that no name belongs to
    kUnknownClass,     ///< a class name that is not in the list
    kBoxOutside,       ///< a box that reaches out of its image
    kBoxInverted,      ///< right of left, or top and bottom, exchanged
    kBoxEmpty,         ///< without area
    kDuplicateBox,     ///< the same object twice
    kBelowMinimum,     ///< a box smaller than the minimum
    kCornerBoxes,      ///< boxes that look like corners instead of a size
    kMissingImage,     ///< a label whose image is not there
    kMissingLabel,     ///< an image without a label
    kOrphanLabel,      ///< a label file without an image
    kUnlistedImage,    ///< an image in no list
    kSizeMismatch,     ///< label or mask and image differ in size
    kUnknownImage,     ///< an annotation of an image that is not listed
    kUnknownCategory,  ///< an annotation of a category that is not listed
    kRefusedPath,      ///< a path that leads out of the dataset
    kRefusedMask,      ///< a mask that cannot be read
    kUnknownColor,     ///< a color of a mask that no class has
    kChosenMask,       ///< which of several masks of an image is taken
    kRepeatedImage,    ///< an image that is listed twice, or in two splits
    kRepeatedId,       ///< an entry whose number an earlier one has
    kSharedStem,       ///< images that differ only in their ending
    kUnusedShape,      ///< a shape that is not an area, such as a line
    kChosenLabel,      ///< which of several labels of an image is taken
    kOddUnits,         ///< fractions that look like pixels, or pixels like fractions
    kMissingSplit,     ///< a folder or list of a split that is not there
};

/// Whether a dataset can be made of it.
enum class FindingWeight { kNote, kWarning, kError };
FindingWeight weight_of(FindingKind kind);

struct Finding {
    FindingKind kind = FindingKind::kBadRow;
    std::string file;                                                  ///< as in the dataset, without its folder
    int line = 0;                                                      ///< from 1; 0: none
    std::string detail;                                                ///< a few words; may be empty
    std::vector<std::pair<std::string_view, std::int64_t>> numbers{};  ///< "columns": 14
};

/// All findings of a source: how many of each kind, and the first of them.
class Findings {
  public:
    static constexpr std::size_t kMostKept = 1000;

    void add(Finding finding);
    std::uint64_t count(FindingKind kind) const;
    const std::vector<Finding>& kept(FindingKind kind) const;
    bool empty() const { return kinds_.empty(); }
    bool has_errors() const;
    /// A sentence for each kind of this weight, which names the first ones.
    std::vector<std::string> sentences(FindingWeight weight) const;

  private:
    struct Some {
        std::uint64_t count = 0;
        std::vector<Finding> kept;
    };
    std::map<FindingKind, Some> kinds_;
};

/// `{"bad_row": {"count": 2, "sentence": "…", "items": [{"file", "line", "detail", …numbers}]}}`
/// (docs/formats/dry-run.md).
nlohmann::json to_json(const Findings& findings);

template <>
struct EnumNames<FindingKind> {
    static constexpr std::array<std::pair<FindingKind, std::string_view>, 27> kNames{
        {{FindingKind::kBadRow, "bad_row"},
         {FindingKind::kClassOutOfRange, "class_out_of_range"},
         {FindingKind::kUnknownClass, "unknown_class"},
         {FindingKind::kBoxOutside, "box_outside"},
         {FindingKind::kBoxInverted, "box_inverted"},
         {FindingKind::kBoxEmpty, "box_empty"},
         {FindingKind::kDuplicateBox, "duplicate_box"},
         {FindingKind::kBelowMinimum, "below_minimum"},
         {FindingKind::kCornerBoxes, "corner_boxes"},
         {FindingKind::kMissingImage, "missing_image"},
         {FindingKind::kMissingLabel, "missing_label"},
         {FindingKind::kOrphanLabel, "orphan_label"},
         {FindingKind::kUnlistedImage, "unlisted_image"},
         {FindingKind::kSizeMismatch, "size_mismatch"},
         {FindingKind::kUnknownImage, "unknown_image"},
         {FindingKind::kUnknownCategory, "unknown_category"},
         {FindingKind::kRefusedPath, "refused_path"},
         {FindingKind::kRefusedMask, "refused_mask"},
         {FindingKind::kUnknownColor, "unknown_color"},
         {FindingKind::kChosenMask, "chosen_mask"},
         {FindingKind::kRepeatedImage, "repeated_image"},
         {FindingKind::kRepeatedId, "repeated_id"},
         {FindingKind::kSharedStem, "shared_stem"},
         {FindingKind::kUnusedShape, "unused_shape"},
         {FindingKind::kChosenLabel, "chosen_label"},
         {FindingKind::kOddUnits, "odd_units"},
         {FindingKind::kMissingSplit, "missing_split"}}};
};

}  // namespace digits
