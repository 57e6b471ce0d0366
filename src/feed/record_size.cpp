#include "feed/record_size.hpp"

#include "image/decode.hpp"

namespace digits {
namespace {

/// The colors that an encoded record is given: Caffe's force_color, force_gray, or as it is.
int wanted_channels(const caffe::TransformationParameter& transform, int native) {
    if (transform.force_color()) return 3;
    return transform.force_gray() ? 1 : native;
}

}  // namespace

Status decode_record(const DatumView& datum, const caffe::TransformationParameter& transform, Image& image) {
    DIGITS_TRY(decode_image_into(datum.data, {.upright = false}, image));
    const int channels = wanted_channels(transform, image.channels);
    if (channels != image.channels) image = convert_channels(std::move(image), channels);
    return {};
}

Result<RecordSize> size_of(const DatumView& datum, const caffe::TransformationParameter& transform) {
    if (!datum.encoded) return RecordSize{datum.channels, datum.height, datum.width};
    Image image;
    DIGITS_TRY(decode_record(datum, transform, image));
    return RecordSize{image.channels, image.height, image.width};
}

}  // namespace digits
