#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/enum_names.hpp"
#include "image/image.hpp"
#include "image/image_facts.hpp"

namespace digits {

/// One class of a list of labels.
struct ClassLabel {
    int index = 0;
    bool operator==(const ClassLabel&) const = default;
};

/// Any number of classes, in rising order.
struct ClassSet {
    std::vector<int> indices;
    bool operator==(const ClassSet&) const = default;
};

/// What KITTI's label files say of an object beside its class and box; DetectNet's label array keeps it.
struct KittiDetails {
    float alpha = 0;
    float rotation_y = 0;
    float truncated = 0;
    float occluded = 0;
    std::array<float, 3> size_m{};      ///< length, width, height
    std::array<float, 3> position_m{};  ///< x, y, z
    bool operator==(const KittiDetails&) const = default;
};

/// An object in an image; the edges in pixels from the upper left corner, with fractions. Of double precision, so that
/// DetectNet's label array is DIGITS's bit by bit.
struct Box {
    double left = 0;
    double top = 0;
    double right = 0;
    double bottom = 0;
    int label = 0;
    bool difficult = false;
    bool crowd = false;  ///< one box around many objects
    KittiDetails kitti{};

    double width() const { return right - left; }
    double height() const { return bottom - top; }
    bool operator==(const Box&) const = default;
};
struct Boxes {
    std::vector<Box> boxes;
    bool operator==(const Boxes&) const = default;
};

/// A class number for each pixel, row by row.
struct Mask {
    int width = 0;
    int height = 0;
    std::vector<std::uint16_t> ids;
    bool operator==(const Mask&) const = default;
};

/// Numbers; the last axis varies fastest.
struct Tensor {
    std::vector<int> shape;
    std::vector<float> values;
    bool operator==(const Tensor&) const = default;
};

/// What a network should answer for a sample.
/// An Image: the output wanted for the sample's.
using Target = std::variant<std::monostate, ClassLabel, ClassSet, Boxes, Mask, Tensor, Image>;

/// In the order of Target's alternatives.
enum class TargetKind { kNone, kClass, kClassSet, kBoxes, kMask, kTensor, kImage };
inline TargetKind target_kind(const Target& target) { return static_cast<TargetKind>(target.index()); }

/// For people: "cat", "cat, dog", "3 boxes", "mask, 32 x 24", "0.5, -1", "image, 32 x 24".
std::string target_text(const Target& target, std::span<const std::string> labels);

/// A rectangle of an image, in whole pixels.
struct PixelBox {
    int x = 0;
    int y = 0;
    int width = 0;
    int height = 0;
    auto operator<=>(const PixelBox&) const = default;
};

/// Where a sample comes from: a file, a rectangle of an image file, or an item of a file that holds many.
struct SampleName {
    std::string path;
    std::optional<PixelBox> box = std::nullopt;
    std::optional<std::uint64_t> item = std::nullopt;  ///< counted from 0
    bool operator==(const SampleName&) const = default;

    /// The path, and behind a `#` the rectangle or the number: "a.png#10,20,30,40", "train-images-idx3-ubyte#17".
    std::string text() const&;
    std::string text() &&;  ///< without a copy where it is the path alone
};

struct Sample {
    std::vector<Image> images;  ///< as decoded, in their own sizes
    Target target;
    std::string name;                 ///< SampleName::text()
    std::vector<ImageFacts> facts{};  ///< of the files of `images`; empty where they are not image files
};

template <>
struct EnumNames<TargetKind> {
    static constexpr std::array<std::pair<TargetKind, std::string_view>, 7> kNames{
        {{TargetKind::kNone, "none"},
         {TargetKind::kClass, "class"},
         {TargetKind::kClassSet, "class_set"},
         {TargetKind::kBoxes, "boxes"},
         {TargetKind::kMask, "mask"},
         {TargetKind::kTensor, "tensor"},
         {TargetKind::kImage, "image"}}};
};

}  // namespace digits
