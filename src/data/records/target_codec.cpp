#include "data/records/target_codec.hpp"

#include <algorithm>
#include <cmath>

#include "image/encode.hpp"

namespace digits {
namespace {

constexpr int kJpegQuality = 90;
constexpr int kDifficult = 1;
constexpr int kCrowd = 2;

// Columns of the label array.
enum Column {
    kLeft,
    kTop,
    kWidth,
    kHeight,
    kAlpha,
    kClass,
    kFlags,  ///< 0 in DIGITS
    kRotation,
    kTruncated,
    kOccluded,
    kSize,
    kPosition = kSize + 3,
};

void write_row(const Box& box, std::span<float> row) {
    row[kLeft] = static_cast<float>(box.left);
    row[kTop] = static_cast<float>(box.top);
    row[kWidth] = static_cast<float>(box.width());
    row[kHeight] = static_cast<float>(box.height());
    row[kAlpha] = box.kitti.alpha;
    row[kClass] = static_cast<float>(box.label);
    row[kFlags] = static_cast<float>((box.difficult ? kDifficult : 0) | (box.crowd ? kCrowd : 0));
    row[kRotation] = box.kitti.rotation_y;
    row[kTruncated] = box.kitti.truncated;
    row[kOccluded] = box.kitti.occluded;
    std::ranges::copy(box.kitti.size_m, row.begin() + kSize);
    std::ranges::copy(box.kitti.position_m, row.begin() + kPosition);
}

/// Numbers in databases of others may be anything.
int whole(float value) {
    constexpr float kMost = 1 << 24;
    return std::isfinite(value) ? static_cast<int>(std::clamp(value, -kMost, kMost)) : 0;
}

Box read_row(std::span<const float> row) {
    Box box;
    box.left = row[kLeft];
    box.top = row[kTop];
    box.right = box.left + row[kWidth];
    box.bottom = box.top + row[kHeight];
    box.label = whole(row[kClass]);
    const int flags = whole(row[kFlags]);
    box.difficult = (flags & kDifficult) != 0;
    box.crowd = (flags & kCrowd) != 0;
    box.kitti.alpha = row[kAlpha];
    box.kitti.rotation_y = row[kRotation];
    box.kitti.truncated = row[kTruncated];
    box.kitti.occluded = row[kOccluded];
    std::copy_n(row.begin() + kSize, 3, box.kitti.size_m.begin());
    std::copy_n(row.begin() + kPosition, 3, box.kitti.position_m.begin());
    return box;
}

Result<TargetArray> box_array(const Boxes& boxes, int max_boxes) {
    const auto count = boxes.boxes.size();
    if (count > static_cast<std::size_t>(max_boxes))
        return fail(ErrorCode::kInvalidArgument, "the number of boxes is {}; at most {} are allowed", count, max_boxes);
    TargetArray array{{1, max_boxes + 1, kBoxColumns}, {}};
    array.values.resize((static_cast<std::size_t>(max_boxes) + 1) * kBoxColumns);
    array.values[0] = static_cast<float>(count);
    array.values[1] = kBoxColumns;
    for (std::size_t i = 0; i < count; ++i)
        write_row(boxes.boxes[i], std::span(array.values).subspan((i + 1) * kBoxColumns, kBoxColumns));
    return array;
}

TargetArray image_array(const Image& image) {
    std::vector<std::uint8_t> planes(image.pixels.size());
    to_planar_bgr(image, planes.data());
    return {{image.channels, image.height, image.width}, {planes.begin(), planes.end()}};
}

bool fits_bytes(const Mask& mask) {
    return std::ranges::all_of(mask.ids, [](std::uint16_t id) { return id <= 255; });
}

Image grey_image(const Mask& mask) {
    Image image;
    image.reset(mask.width, mask.height, 1);
    std::ranges::transform(mask.ids, image.pixels.begin(),
                           [](std::uint16_t id) { return static_cast<std::uint8_t>(id); });
    return image;
}

Result<std::string> image_datum(const Image& image, RecordEncoding encoding) {
    if (encoding == RecordEncoding::kNone) return raw_datum(image, 0);
    const bool png = encoding == RecordEncoding::kPng;
    DIGITS_ASSIGN(const auto file, png ? encode_png(image) : encode_jpeg(image, kJpegQuality));
    return encoded_datum(image, file, 0);
}

}  // namespace

Result<TargetArray> target_array(const Target& target, const TargetLayout& layout) {
    if (const auto* boxes = std::get_if<Boxes>(&target)) return box_array(*boxes, layout.max_boxes);
    if (const auto* mask = std::get_if<Mask>(&target))
        return TargetArray{{1, mask->height, mask->width}, {mask->ids.begin(), mask->ids.end()}};
    if (const auto* image = std::get_if<Image>(&target)) return image_array(*image);
    if (const auto* tensor = std::get_if<Tensor>(&target)) return TargetArray{tensor->shape, tensor->values};
    return fail(ErrorCode::kInvalidArgument, "a target of the kind {} is not stored as an array",
                enum_name(target_kind(target)));
}

Result<std::string> pack_target(const Target& target, const TargetLayout& layout) {
    if (const auto* image = std::get_if<Image>(&target)) return image_datum(*image, layout.encoding);
    if (const auto* mask = std::get_if<Mask>(&target); mask && fits_bytes(*mask))
        return image_datum(grey_image(*mask), layout.encoding);
    DIGITS_ASSIGN(const auto array, target_array(target, layout));
    return float_datum(array.shape, array.values);
}

Boxes boxes_of_array(std::span<const float> values) {
    Boxes boxes;
    const auto rows = values.size() / kBoxColumns;
    if (rows == 0) return boxes;
    const auto count = std::isfinite(values[0]) ? std::clamp(values[0], 0.0f, static_cast<float>(rows - 1)) : 0.0f;
    for (std::size_t i = 1; i <= static_cast<std::size_t>(count); ++i)
        boxes.boxes.push_back(read_row(values.subspan(i * kBoxColumns, kBoxColumns)));
    return boxes;
}

Result<Boxes> unpack_boxes(const DatumView& datum) {
    if (datum.encoded || !datum.data.empty() || datum.width != kBoxColumns || datum.channels != 1)
        return fail(ErrorCode::kDataLoss, "the record is not a label array of rows of {} numbers", kBoxColumns);
    std::vector<float> values(datum.float_count);
    copy_float_data(datum, values.data());
    return boxes_of_array(values);
}

}  // namespace digits
