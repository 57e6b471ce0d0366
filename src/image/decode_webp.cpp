#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <memory>

#include "image/codecs.hpp"

namespace digits::codec {
namespace {

struct DemuxerDeleter {
    void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
};
struct AnimationDeleter {
    void operator()(WebPAnimDecoder* decoder) const { WebPAnimDecoderDelete(decoder); }
};

const std::uint8_t* data_of(std::string_view bytes) { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }

/// A chunk like "EXIF", or "".
std::string_view find_chunk(const WebPDemuxer* demuxer, const char* name) {
    WebPChunkIterator chunk{};
    std::string_view found;
    // The bytes stay with the file; the iterator only points to them.
    if (WebPDemuxGetChunk(demuxer, name, 1, &chunk) != 0)
        found = std::string_view(reinterpret_cast<const char*>(chunk.chunk.bytes), chunk.chunk.size);
    WebPDemuxReleaseChunkIterator(&chunk);
    return found;
}

/// The first frame on its canvas.
bool decode_animation(std::string_view bytes, Raster& out) {
    WebPAnimDecoderOptions options;
    if (WebPAnimDecoderOptionsInit(&options) == 0) return false;
    options.color_mode = MODE_RGBA;
    const WebPData data{data_of(bytes), bytes.size()};
    const std::unique_ptr<WebPAnimDecoder, AnimationDeleter> decoder(WebPAnimDecoderNew(&data, &options));
    std::uint8_t* frame = nullptr;
    int timestamp = 0;
    if (decoder == nullptr || WebPAnimDecoderGetNext(decoder.get(), &frame, &timestamp) == 0) return false;
    const std::size_t pixels = static_cast<std::size_t>(out.width) * static_cast<std::size_t>(out.height);
    std::uint8_t* to = out.samples.data();
    for (std::size_t i = 0; i < pixels; ++i, frame += 4, to += out.channels) std::copy_n(frame, out.channels, to);
    return true;
}

bool decode_still(std::string_view bytes, Raster& out) {
    const auto stride = static_cast<int>(out.row_bytes());
    const auto* decoded =
        out.channels == 4
            ? WebPDecodeRGBAInto(data_of(bytes), bytes.size(), out.samples.data(), out.samples.size(), stride)
            : WebPDecodeRGBInto(data_of(bytes), bytes.size(), out.samples.data(), out.samples.size(), stride);
    return decoded != nullptr;
}

}  // namespace

Status decode_webp(std::string_view bytes, const DecodeLimits& limits, Raster& out) {
    WebPBitstreamFeatures features;
    if (WebPGetFeatures(data_of(bytes), bytes.size(), &features) != VP8_STATUS_OK)
        return fail(ErrorCode::kDataLoss, "damaged WebP: the header cannot be read");
    DIGITS_TRY(check_size(features.width, features.height, limits));
    const WebPData data{data_of(bytes), bytes.size()};
    const std::unique_ptr<WebPDemuxer, DemuxerDeleter> demuxer(WebPDemux(&data));
    if (demuxer == nullptr) return fail(ErrorCode::kDataLoss, "damaged WebP: a chunk is missing or cut off");
    const bool alpha = features.has_alpha != 0;
    DIGITS_TRY(reset(out, features.width, features.height, alpha ? 4 : 3, SampleType::kU8, limits));
    out.colours = ColourModel::kRgb;
    out.alpha = alpha ? Alpha::kStraight : Alpha::kNone;
    out.orientation = orientation_of(find_chunk(demuxer.get(), "EXIF"), find_chunk(demuxer.get(), "XMP "));
    if (!(features.has_animation != 0 ? decode_animation(bytes, out) : decode_still(bytes, out)))
        return fail(ErrorCode::kDataLoss, "damaged WebP: the image data cannot be decoded");
    return {};
}

}  // namespace digits::codec
