#include "data/records/target_codec.hpp"

namespace digits {
namespace {

std::vector<float> values_of(const DatumView& datum) {
    std::vector<float> values(datum.float_count);
    copy_float_data(datum, values.data());
    return values;
}

Result<Target> unpack_mask(const DatumView& datum) {
    Mask mask{datum.width, datum.height, {}};
    if (datum.encoded) {
        DIGITS_ASSIGN(const auto image, datum_image(datum));
        if (image.channels != 1)
            return fail(ErrorCode::kDataLoss, "the mask has {} channels; it must have 1", image.channels);
        mask.width = image.width;
        mask.height = image.height;
        mask.ids.assign(image.pixels.begin(), image.pixels.end());
        return mask;
    }
    if (datum.channels != 1)
        return fail(ErrorCode::kDataLoss, "the mask has {} channels; it must have 1", datum.channels);
    if (!datum.data.empty()) {
        for (const char byte : datum.data) mask.ids.push_back(static_cast<unsigned char>(byte));
        return mask;
    }
    for (const float value : values_of(datum)) {
        if (!(value >= 0 && value <= 65535))
            return fail(ErrorCode::kDataLoss, "{} is not the number of a class", value);
        mask.ids.push_back(static_cast<std::uint16_t>(value));
    }
    return mask;
}

Result<Target> unpack_tensor(const DatumView& datum) {
    if (datum.encoded) return fail(ErrorCode::kDataLoss, "the record is an image file; it must hold numbers");
    Tensor tensor{{datum.channels, datum.height, datum.width}, {}};
    if (datum.data.empty())
        tensor.values = values_of(datum);
    else
        for (const char byte : datum.data) tensor.values.push_back(static_cast<unsigned char>(byte));
    return tensor;
}

}  // namespace

Result<Target> unpack_target(const DatumView& datum, TargetKind kind) {
    switch (kind) {
        case TargetKind::kNone: return Target();
        case TargetKind::kClass: return ClassLabel{datum.label};
        case TargetKind::kBoxes: {
            DIGITS_ASSIGN(auto boxes, unpack_boxes(datum));
            return boxes;
        }
        case TargetKind::kMask: return unpack_mask(datum);
        case TargetKind::kTensor: return unpack_tensor(datum);
        case TargetKind::kImage: {
            DIGITS_ASSIGN(auto image, datum_image(datum));
            return image;
        }
        case TargetKind::kClassSet: break;
    }
    return fail(ErrorCode::kUnsupported, "targets of the kind {} are not stored in records", enum_name(kind));
}

}  // namespace digits
