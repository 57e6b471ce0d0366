#include <openjpeg.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "image/codecs.hpp"
#include "image/jpeg2000_tables.hpp"

namespace digits::codec {
namespace {

struct StreamDeleter {
    void operator()(opj_stream_t* stream) const { opj_stream_destroy(stream); }
};
struct DecoderDeleter {
    void operator()(opj_codec_t* decoder) const { opj_destroy_codec(decoder); }
};
struct ImageDeleter {
    void operator()(opj_image_t* image) const { opj_image_destroy(image); }
};

struct Source {
    std::string_view bytes;
    std::size_t at = 0;
};

OPJ_SIZE_T on_read(void* to, OPJ_SIZE_T size, void* user) {
    auto& source = *static_cast<Source*>(user);
    const auto count = std::min(size, source.bytes.size() - source.at);
    if (count == 0) return static_cast<OPJ_SIZE_T>(-1);
    std::memcpy(to, source.bytes.data() + source.at, count);
    source.at += count;
    return count;
}

OPJ_OFF_T on_skip(OPJ_OFF_T size, void* user) {
    auto& source = *static_cast<Source*>(user);
    const auto left = static_cast<OPJ_OFF_T>(source.bytes.size() - source.at);
    if (size < 0 || (left == 0 && size > 0)) return -1;
    const auto count = std::min(size, left);
    source.at += static_cast<std::size_t>(count);
    return count;
}

OPJ_BOOL on_seek(OPJ_OFF_T at, void* user) {
    auto& source = *static_cast<Source*>(user);
    if (at < 0 || static_cast<std::size_t>(at) > source.bytes.size()) return OPJ_FALSE;
    source.at = static_cast<std::size_t>(at);
    return OPJ_TRUE;
}

/// Keeps the first message: the later ones are its consequences.
void on_error(const char* text, void* user) {
    auto& message = *static_cast<std::string*>(user);
    if (!message.empty()) return;
    message = text;
    while (!message.empty() && (message.back() == '\n' || message.back() == '.')) message.pop_back();
}

void on_message(const char*, void*) {}

tl::unexpected<Error> damaged(const std::string& message) {
    return fail(ErrorCode::kDataLoss, "damaged JPEG 2000: {}", message.empty() ? "it cannot be decoded" : message);
}

/// One component of the image, which may be smaller than it (subsampled), signed, and of any depth.
class Component {
  public:
    Component(const opj_image_t& image, std::size_t index) : c_(image.comps[index]) {
        offset_ = c_.sgnd ? std::int64_t{1} << (c_.prec - 1) : 0;
        most_ = (std::int64_t{1} << c_.prec) - 1;
    }
    bool is_readable() const { return c_.data != nullptr && c_.prec >= 1 && c_.prec <= 16 && c_.w > 0 && c_.h > 0; }
    int bits() const { return static_cast<int>(c_.prec); }
    bool is_subsampled() const { return c_.dx > 1 || c_.dy > 1; }
    /// At a pixel of the image, from 0 to 2^bits - 1.
    std::int64_t at(int x, int y) const {
        const auto column = std::min(static_cast<OPJ_UINT32>(x) / c_.dx, c_.w - 1);
        const auto row = std::min(static_cast<OPJ_UINT32>(y) / c_.dy, c_.h - 1);
        const std::int64_t value = c_.data[static_cast<std::size_t>(row) * c_.w + column] + offset_;
        return std::clamp<std::int64_t>(value, 0, most_);
    }

  private:
    const opj_image_comp_t& c_;
    std::int64_t offset_;
    std::int64_t most_;
};

bool is_luma_chroma(const opj_image_t& image, const std::vector<Component>& components) {
    if (image.color_space == OPJ_CLRSPC_SYCC) return components.size() >= 3;
    const bool unknown = image.color_space == OPJ_CLRSPC_UNSPECIFIED || image.color_space == OPJ_CLRSPC_UNKNOWN;
    return unknown && components.size() == 3 && !components[0].is_subsampled() && components[1].is_subsampled();
}

/// Y Cb Cr of the full range of 0 to `most` to R G B, in place.
void to_rgb(std::int64_t* samples, std::int64_t most) {
    if (most == 255) {
        std::uint8_t pixel[3];
        for (int c = 0; c < 3; ++c) pixel[c] = static_cast<std::uint8_t>(samples[c]);
        luma_chroma_to_rgb(pixel);
        std::copy_n(pixel, 3, samples);
        return;
    }
    const auto middle = static_cast<double>(most / 2 + 1);
    const auto y = static_cast<double>(samples[0]);
    const double cb = static_cast<double>(samples[1]) - middle;
    const double cr = static_cast<double>(samples[2]) - middle;
    const double rgb[3]{y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb};
    for (int c = 0; c < 3; ++c) samples[c] = std::clamp<std::int64_t>(static_cast<std::int64_t>(rgb[c] + 0.5), 0, most);
}

Status fill(const opj_image_t& image, const DecodeLimits& limits, Raster& out) {
    std::vector<Component> components;
    for (std::size_t i = 0; i < image.numcomps; ++i) components.emplace_back(image, i);
    if (components.empty() ||
        !std::all_of(components.begin(), components.end(), [](const auto& c) { return c.is_readable(); }))
        return fail(ErrorCode::kUnsupported,
                    "a JPEG 2000 file with components of more than 16 bits or without samples");
    const bool luma_chroma = is_luma_chroma(image, components);
    for (std::size_t i = 0; i < components.size(); ++i)
        if (components[i].is_subsampled() && !(luma_chroma && (i == 1 || i == 2)))
            return fail(ErrorCode::kUnsupported, "a JPEG 2000 file whose component {} is smaller than the image", i);
    const int channels = static_cast<int>(components.size());
    const int bits = components[0].bits();
    const bool deep = bits > 8;
    DIGITS_TRY(reset(out, static_cast<std::int64_t>(image.x1) - image.x0,
                     static_cast<std::int64_t>(image.y1) - image.y0, channels,
                     deep ? SampleType::kU16 : SampleType::kU8, limits));
    const bool cmyk = image.color_space == OPJ_CLRSPC_CMYK && channels >= 4;
    out.colours = cmyk            ? ColourModel::kCmyk
                  : channels <= 2 ? ColourModel::kGrey
                  : channels <= 4 ? ColourModel::kRgb
                                  : ColourModel::kOther;
    out.alpha = channels == 2 || (channels == 4 && !cmyk) ? Alpha::kStraight : Alpha::kNone;
    out.bits = bits;
    if (deep) out.white = (1 << bits) - 1;
    std::vector<std::int64_t> samples(components.size());
    for (int y = 0; y < out.height; ++y) {
        std::uint8_t* to = out.row(y);
        for (int x = 0; x < out.width; ++x) {
            for (std::size_t c = 0; c < samples.size(); ++c) {
                samples[c] = components[c].at(x, y);
                // Every channel in the depth of the first; for 8 bits all are filled up.
                const int shift = (deep ? bits : 8) - components[c].bits();
                samples[c] = shift >= 0 ? samples[c] << shift : samples[c] >> -shift;
            }
            if (luma_chroma) to_rgb(samples.data(), deep ? (1 << bits) - 1 : 255);
            for (const auto sample : samples) {
                if (deep) {
                    const auto wide = static_cast<std::uint16_t>(sample);
                    std::memcpy(to, &wide, sizeof wide);
                } else {
                    *to = static_cast<std::uint8_t>(sample);
                }
                to += out.sample_bytes();
            }
        }
    }
    return {};
}

}  // namespace

Status decode_jpeg2000(std::string_view bytes, const DecodeLimits& limits, Raster& out) {
    constexpr std::size_t kBufferBytes = 1u << 16;
    DIGITS_TRY(check_jpeg2000_tables(bytes, limits));
    Source source{bytes};
    std::string message;
    const std::unique_ptr<opj_stream_t, StreamDeleter> stream(opj_stream_create(kBufferBytes, OPJ_TRUE));
    const std::unique_ptr<opj_codec_t, DecoderDeleter> decoder(
        opj_create_decompress(starts_with(bytes, "\xff\x4f\xff\x51") ? OPJ_CODEC_J2K : OPJ_CODEC_JP2));
    if (stream == nullptr || decoder == nullptr)
        return fail(ErrorCode::kResourceExhausted, "not enough memory to decode the image");
    opj_stream_set_user_data(stream.get(), &source, nullptr);
    opj_stream_set_user_data_length(stream.get(), bytes.size());
    opj_stream_set_read_function(stream.get(), on_read);
    opj_stream_set_skip_function(stream.get(), on_skip);
    opj_stream_set_seek_function(stream.get(), on_seek);
    opj_set_error_handler(decoder.get(), on_error, &message);
    opj_set_warning_handler(decoder.get(), on_message, nullptr);
    opj_set_info_handler(decoder.get(), on_message, nullptr);
    opj_dparameters_t parameters;
    opj_set_default_decoder_parameters(&parameters);
    if (!opj_setup_decoder(decoder.get(), &parameters)) return damaged(message);
    opj_image_t* header = nullptr;
    const bool has_header = opj_read_header(stream.get(), decoder.get(), &header);
    const std::unique_ptr<opj_image_t, ImageDeleter> image(header);
    if (!has_header) return damaged(message);
    DIGITS_TRY(check_size(static_cast<std::int64_t>(header->x1) - header->x0,
                          static_cast<std::int64_t>(header->y1) - header->y0, limits));
    if (!opj_decode(decoder.get(), stream.get(), header) || !opj_end_decompress(decoder.get(), stream.get()))
        return damaged(message);
    return fill(*header, limits, out);
}

}  // namespace digits::codec
