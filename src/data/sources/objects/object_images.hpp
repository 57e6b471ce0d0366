#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/sources/files/image_files.hpp"
#include "data/sources/findings.hpp"
#include "data/sources/objects/image_index.hpp"
#include "data/sources/objects/outline.hpp"
#include "data/sources/source.hpp"
#include "image/header.hpp"

namespace digits {

/// An object as a label file has it.
struct LabelledObject {
    std::string name;          ///< of its class
    std::optional<int> index;  ///< of its class, where the format has numbers
    Box box;                   ///< its edges in the file's unit; its label is set later
    int line = 0;              ///< in the label file; 0: unknown
    Outline outline{};         ///< for masks
};

/// An image and its objects.
struct ObjectImage {
    std::string path;
    std::string label_file;      ///< for messages; may be empty
    std::optional<Split> split;  ///< by the dataset's own lists
    bool has_label = true;
    std::string stated_name;   ///< of its file, where the label says it
    bool is_guessed = false;   ///< the file has not quite the stated name
    bool is_relative = false;  ///< edges from 0 to 1
    int stated_width = 0;      ///< by the label file; 0: unknown
    int stated_height = 0;
    std::vector<LabelledObject> objects;
    PanopticMask panoptic;  ///< instead of outlines
    std::vector<Finding> findings;
};

/// How objects become targets.
struct ObjectRules {
    std::string folder;                ///< of the label files: names in findings are relative to it
    std::string images;                ///< of the images, likewise; empty: the same
    std::string val_images;            ///< those for validation, if in another folder
    std::vector<std::string> classes;  ///< in their order; empty: those found, sorted
    bool drops_unknown = false;        ///< objects of classes that are not in `classes`; else they are added behind
    bool keeps_numbers = false;        ///< boxes as the file has them, findings or not: KITTI
    /// KITTI: the number of a class name.
    std::function<int(const std::string&)> number_of;
    std::function<bool(const std::string&)> knows;
    int least_val_size = 0;  ///< KITTI: validation boxes below it get class 0
    int percent_val = 0;
    int percent_test = 0;
    bool may_be_corners = false;        ///< boxes are written as x, y, width, height: looks whether they are corners
    bool skips_bad = false;             ///< rows that are not understood are left out instead of refused
    int pad_width = 0, pad_height = 0;  ///< black at the right and at the bottom up to this size; 0: none
};

/// Image files with boxes, or with the mask of their outlines where the task is segmentation.
class ObjectFiles final : public SampleSource {
  public:
    /// `make` gives each of `count` images, on several threads. An image that cannot be found becomes a finding.
    /// Errors: kInvalidArgument for labels that are not understood, kNotFound without any image.
    static Result<std::unique_ptr<ObjectFiles>> open(std::uint64_t count,
                                                     const std::function<Result<ObjectImage>(std::uint64_t)>& make,
                                                     const ObjectRules& rules, SourceFacts facts,
                                                     const SourceContext& context, ScanGuard& guard);

    void set_most_boxes(const std::array<int, 3>& most) { facts_.max_boxes = most; }
    const SourceFacts& facts() const override { return facts_; }
    std::size_t size(Split split) const override { return images(split).size(); }
    Result<Sample> get(Split split, std::size_t index) const override;
    SampleName name(Split split, std::size_t index) const override { return {images(split)[index].path}; }
    Target target(Split split, std::size_t index) const override;
    std::pair<int, int> image_size(Split split, std::size_t index) const override {
        const auto& image = images(split)[index];
        return {image.width, image.height};
    }

  private:
    struct Entry {
        std::string path;
        int width = 0, height = 0;
        std::vector<Box> boxes;
        std::vector<std::pair<int, Outline>> outlines;  ///< of masks, by class
        std::string panoptic;                           ///< file of a panoptic mask; empty: none
        std::map<std::uint32_t, int> segments;          ///< its classes
    };
    explicit ObjectFiles(const SourceContext& context)
        : images_(context), roots_(context.roots), decode_labels_(context.decode_labels) {}
    const std::vector<Entry>& images(Split split) const { return splits_[static_cast<std::size_t>(split)]; }
    Result<Mask> panoptic_mask(const Entry& entry, int width, int height) const;
    Result<Mask> mask_of(const Entry& entry, int width, int height) const;

    SourceFacts facts_;
    std::array<std::vector<Entry>, 3> splits_;
    ImageReader images_;
    ReadableRoots roots_;
    LabelImageDecoder decode_labels_ = nullptr;
    int pad_width_ = 0, pad_height_ = 0;
    bool has_masks_ = false;
};

/// The size of an image file by its header, or where that is not enough by decoding it. Errors at the file.
Result<ImageHeader> header_of(const std::string& path, const ReadableRoots& roots, const SourceContext& context);

/// Around points x0, y0, x1, y1, …
Box bounds_of(const std::vector<double>& points);

/// A number with a decimal point, or a comma where `comma` allows it; all of the text.
std::optional<double> finite_number(std::string_view text, bool comma = false);

/// A side of an image as a label file states it; 0, which is "not stated", where no image can have it.
inline int stated_side(double pixels) {
    constexpr double kMost = 1 << 30;
    return pixels >= 1 && pixels <= kMost ? static_cast<int>(pixels) : 0;
}

}  // namespace digits
