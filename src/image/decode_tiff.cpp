#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "image/codecs.hpp"

namespace digits::codec {
namespace {

/// What libtiff reads from and writes its first complaint to.
struct Source {
    std::string_view bytes;
    std::uint64_t at = 0;
    std::string message;
};

tmsize_t on_read(thandle_t handle, void* to, tmsize_t size) {
    auto& source = *static_cast<Source*>(handle);
    if (size < 0 || source.at >= source.bytes.size()) return 0;
    const auto count = std::min<std::size_t>(static_cast<std::size_t>(size), source.bytes.size() - source.at);
    std::memcpy(to, source.bytes.data() + source.at, count);
    source.at += count;
    return static_cast<tmsize_t>(count);
}

tmsize_t on_write(thandle_t, void*, tmsize_t) { return -1; }

toff_t on_seek(thandle_t handle, toff_t offset, int whence) {
    auto& source = *static_cast<Source*>(handle);
    const std::uint64_t base = whence == SEEK_CUR ? source.at : whence == SEEK_END ? source.bytes.size() : 0;
    return source.at = base + offset;
}

int on_close(thandle_t) { return 0; }
toff_t on_size(thandle_t handle) { return static_cast<Source*>(handle)->bytes.size(); }

/// The whole file is in memory already: libtiff reads it in place.
int on_map(thandle_t handle, void** base, toff_t* size) {
    const auto& source = *static_cast<Source*>(handle);
    *base = const_cast<char*>(source.bytes.data());
    *size = source.bytes.size();
    return 1;
}
void on_unmap(thandle_t, void*, toff_t) {}

int on_error(TIFF*, void* user, const char*, const char* format, va_list arguments) {
    auto& message = static_cast<Source*>(user)->message;
    if (!message.empty()) return 1;
    char text[256];
    std::vsnprintf(text, sizeof text, format, arguments);
    message = text;
    while (!message.empty() && (message.back() == '.' || message.back() == '\n')) message.pop_back();
    return 1;
}
int on_warning(TIFF*, void*, const char*, const char*, va_list) { return 1; }

struct TiffCloser {
    void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
struct OptionsDeleter {
    void operator()(TIFFOpenOptions* options) const { TIFFOpenOptionsFree(options); }
};
using TiffFile = std::unique_ptr<TIFF, TiffCloser>;

TiffFile open_tiff(Source& source, const DecodeLimits& limits) {
    const std::unique_ptr<TIFFOpenOptions, OptionsDeleter> options(TIFFOpenOptionsAlloc());
    TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), static_cast<tmsize_t>(limits.max_pixels * 8 + (1u << 20)));
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), on_error, &source);
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), on_warning, nullptr);
    return TiffFile(TIFFClientOpenExt("TIFF", "r", &source, on_read, on_write, on_seek, on_close, on_size, on_map,
                                      on_unmap, options.get()));
}

tl::unexpected<Error> damaged(const Source& source) {
    return fail(ErrorCode::kDataLoss, "damaged TIFF: {}",
                source.message.empty() ? "it cannot be read" : source.message);
}

struct Tags {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::uint16_t bits = 1;
    std::uint16_t channels = 1;
    std::uint16_t photometric = PHOTOMETRIC_MINISWHITE;
    std::uint16_t planes = PLANARCONFIG_CONTIG;
    std::uint16_t format = SAMPLEFORMAT_UINT;
    std::uint16_t compression = COMPRESSION_NONE;
    std::uint16_t orientation = 1;
    std::uint16_t extra_count = 0;
    const std::uint16_t* extra = nullptr;

    bool is_planar() const { return planes == PLANARCONFIG_SEPARATE && channels > 1; }
    int colours() const {
        switch (photometric) {
            case PHOTOMETRIC_RGB: return 3;
            case PHOTOMETRIC_SEPARATED: return 4;
            default: return 1;
        }
    }
};

Tags read_tags(TIFF* tiff) {
    Tags tags;
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &tags.width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &tags.height);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &tags.bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &tags.channels);
    TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &tags.photometric);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &tags.planes);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &tags.format);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &tags.compression);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &tags.orientation);
    std::uint16_t* extra = nullptr;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &tags.extra_count, &extra);
    tags.extra = extra;
    if (tags.orientation < 1 || tags.orientation > 8) tags.orientation = 1;
    return tags;
}

/// Few, so that little code meets bytes of strangers: those that Pillow's library has, too.
Status check_compression(std::uint16_t compression) {
    switch (compression) {
        case COMPRESSION_NONE:
        case COMPRESSION_CCITTRLE:
        case COMPRESSION_CCITTRLEW:
        case COMPRESSION_CCITTFAX3:
        case COMPRESSION_CCITTFAX4:
        case COMPRESSION_LZW:
        case COMPRESSION_OJPEG:
        case COMPRESSION_JPEG:
        case COMPRESSION_ADOBE_DEFLATE:
        case COMPRESSION_DEFLATE:
        case COMPRESSION_PACKBITS:
        case COMPRESSION_LZMA:
        case COMPRESSION_ZSTD: return {};
    }
    return fail(
        ErrorCode::kUnsupported,
        "TIFF compression {} is not supported; use none, LZW, deflate, JPEG, PackBits, CCITT, LZMA or Zstandard",
        compression);
}

bool holds_floats(const Tags& tags) {
    return tags.format == SAMPLEFORMAT_IEEEFP || tags.bits > 16 || (tags.format == SAMPLEFORMAT_INT && tags.bits == 16);
}

Status check_samples(const Tags& tags) {
    const bool integer =
        tags.format == SAMPLEFORMAT_UINT || tags.format == SAMPLEFORMAT_INT || tags.format == SAMPLEFORMAT_VOID;
    const bool floating = tags.format == SAMPLEFORMAT_IEEEFP;
    const bool readable = (integer && (tags.bits <= 16 || tags.bits == 32) && tags.bits > 0) ||
                          (floating && (tags.bits == 16 || tags.bits == 32 || tags.bits == 64));
    if (!readable || tags.channels == 0)
        return fail(ErrorCode::kUnsupported, "a TIFF with {} channels of {} bits in sample format {}", tags.channels,
                    tags.bits, tags.format);
    return {};
}

float half_to_float(std::uint16_t half) {
    const int exponent = half >> 10 & 31;
    const int fraction = half & 1023;
    const float sign = (half & 0x8000) != 0 ? -1.0f : 1.0f;
    if (exponent == 31) return fraction != 0 ? NAN : sign * INFINITY;
    if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
    return sign * std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
}

template <typename From, typename To>
void convert_row(const std::uint8_t* from, std::size_t count, std::uint8_t* to) {
    for (std::size_t i = 0; i < count; ++i) {
        From value;
        std::memcpy(&value, from + i * sizeof(From), sizeof(From));
        const auto converted = static_cast<To>(value);
        std::memcpy(to + i * sizeof(To), &converted, sizeof(To));
    }
}

/// Packed integers of fewer than 16 bits, the highest bit first.
void unpack_bits(const std::uint8_t* from, std::size_t count, unsigned bits, bool wide, std::uint8_t* to) {
    if (bits == 1) {
        for (std::size_t i = 0; i < count; ++i) to[i] = from[i / 8] >> (7 - i % 8) & 1;
        return;
    }
    std::size_t at = 0;
    for (std::size_t i = 0; i < count; ++i, at += bits) {
        unsigned value = 0;
        for (unsigned left = bits, bit = static_cast<unsigned>(at % 8), byte = 0; left > 0; ++byte, bit = 0) {
            const unsigned taken = std::min(8 - bit, left);
            value = value << taken | (from[at / 8 + byte] >> (8 - bit - taken) & ((1u << taken) - 1));
            left -= taken;
        }
        if (wide) {
            const auto sample = static_cast<std::uint16_t>(value);
            std::memcpy(to + 2 * i, &sample, sizeof sample);
        } else {
            to[i] = static_cast<std::uint8_t>(value);
        }
    }
}

/// `count` samples as libtiff gives them to the raster's type, not yet scaled.
void unpack_row(const Tags& tags, const std::uint8_t* from, std::size_t count, std::uint8_t* to) {
    const bool is_signed = tags.format == SAMPLEFORMAT_INT;
    if (tags.format == SAMPLEFORMAT_IEEEFP && tags.bits == 16) {
        for (std::size_t i = 0; i < count; ++i) {
            std::uint16_t half;
            std::memcpy(&half, from + 2 * i, sizeof half);
            const float value = half_to_float(half);
            std::memcpy(to + 4 * i, &value, sizeof value);
        }
    } else if (tags.format == SAMPLEFORMAT_IEEEFP) {
        if (tags.bits == 32)
            std::memcpy(to, from, count * 4);
        else
            convert_row<double, float>(from, count, to);
    } else if (tags.bits == 32) {
        if (is_signed)
            convert_row<std::int32_t, float>(from, count, to);
        else
            convert_row<std::uint32_t, float>(from, count, to);
    } else if (tags.bits == 16) {
        if (is_signed)
            convert_row<std::int16_t, float>(from, count, to);
        else
            std::memcpy(to, from, count * 2);
    } else if (tags.bits == 8) {
        std::memcpy(to, from, count);
    } else {
        unpack_bits(from, count, tags.bits, tags.bits > 8, to);
    }
}

/// A rectangle of the image as the file stores it: a strip or a tile, of one channel or of all.
struct Block {
    std::uint32_t x;
    std::uint32_t y;
    std::uint32_t width;   ///< of the stored rows, which may go beyond the image
    std::uint32_t height;  ///< within the image
    std::size_t channel;   ///< the first
};

class BlockReader {
  public:
    BlockReader(TIFF* tiff, const Source& source, const Tags& tags, Raster& out)
        : tiff_(tiff), source_(source), tags_(tags), out_(out), block_channels_(tags.is_planar() ? 1 : tags.channels) {}

    Status read_all(const DecodeLimits& limits) {
        const bool tiled = TIFFIsTiled(tiff_) != 0;
        std::uint32_t width = tags_.width;
        std::uint32_t height = tags_.height;
        if (tiled) {
            TIFFGetField(tiff_, TIFFTAG_TILEWIDTH, &width);
            TIFFGetField(tiff_, TIFFTAG_TILELENGTH, &height);
        } else {
            TIFFGetFieldDefaulted(tiff_, TIFFTAG_ROWSPERSTRIP, &height);
            height = std::min(height, tags_.height);
        }
        const std::uint64_t size = tiled ? TIFFTileSize64(tiff_) : TIFFStripSize64(tiff_);
        const std::uint64_t row = tiled ? TIFFTileRowSize64(tiff_) : TIFFScanlineSize64(tiff_);
        if (width == 0 || height == 0 || size == 0 || row == 0 || size > limits.max_pixels * 8)
            return fail(ErrorCode::kTooLarge, "a TIFF with blocks of {} x {} pixels, {} bytes each", width, height,
                        size);
        // A row of a decoded block has to hold what is unpacked from it.
        const std::uint64_t bits = std::uint64_t{width} * block_channels_ * tags_.bits;
        if (row < (bits + 7) / 8 || size / height < row) return damaged(source_);
        row_bytes_ = static_cast<std::size_t>(row);
        buffer_.resize(static_cast<std::size_t>(size));
        row_.resize(std::size_t{width} * block_channels_ * out_.sample_bytes());

        const std::size_t passes = tags_.is_planar() ? tags_.channels : 1;
        std::uint32_t index = 0;
        for (std::size_t channel = 0; channel < passes; ++channel)
            for (std::uint32_t y = 0; y < tags_.height; y += height)
                for (std::uint32_t x = 0; x < tags_.width; x += width) {
                    const Block block{x, y, width, std::min(height, tags_.height - y), channel};
                    DIGITS_TRY(read(block, tiled, index++));
                }
        return {};
    }

  private:
    Status read(const Block& block, bool tiled, std::uint32_t index) {
        const std::size_t size = tiled ? buffer_.size() : row_bytes_ * block.height;
        const auto wanted = static_cast<tmsize_t>(size);
        const tmsize_t got = tiled ? TIFFReadEncodedTile(tiff_, index, buffer_.data(), wanted)
                                   : TIFFReadEncodedStrip(tiff_, index, buffer_.data(), wanted);
        if (got < 0) return damaged(source_);
        if (got < wanted) return fail(ErrorCode::kDataLoss, "damaged TIFF: block {} is cut off", index);
        const std::uint32_t columns = std::min(block.width, tags_.width - block.x);
        for (std::uint32_t y = 0; y < block.height; ++y) put_row(block, y, columns);
        return {};
    }

    void put_row(const Block& block, std::uint32_t y, std::uint32_t columns) {
        const std::uint8_t* from = buffer_.data() + row_bytes_ * y;
        const std::size_t sample = out_.sample_bytes();
        const std::size_t pixel = sample * tags_.channels;
        std::uint8_t* to = out_.row(static_cast<int>(block.y + y)) + pixel * block.x + sample * block.channel;
        if (!tags_.is_planar()) return unpack_row(tags_, from, std::size_t{columns} * tags_.channels, to);
        unpack_row(tags_, from, columns, row_.data());
        for (std::uint32_t x = 0; x < columns; ++x, to += pixel) std::memcpy(to, row_.data() + sample * x, sample);
    }

    TIFF* tiff_;
    const Source& source_;
    const Tags& tags_;
    Raster& out_;
    std::size_t block_channels_;
    std::size_t row_bytes_ = 0;
    std::vector<std::uint8_t> buffer_;
    std::vector<std::uint8_t> row_;
};

/// Luma with chroma and L*a*b* are left to libtiff's own conversion.
bool needs_conversion(const Tags& tags) {
    return tags.photometric == PHOTOMETRIC_YCBCR || tags.photometric == PHOTOMETRIC_CIELAB ||
           tags.compression == COMPRESSION_OJPEG;
}

Status read_converted(TIFF* tiff, Source& source, const Tags& tags, const DecodeLimits& limits, Raster& out) {
    char text[1024] = "";
    if (TIFFRGBAImageOK(tiff, text) == 0) return fail(ErrorCode::kUnsupported, "a TIFF that is not read: {}", text);
    // Four bytes a pixel, and three more for the result.
    DIGITS_TRY(reset(out, tags.width, tags.height, 3, SampleType::kU8, limits));
    std::vector<std::uint32_t> pixels(std::size_t{tags.width} * tags.height);
    if (TIFFReadRGBAImageOriented(tiff, tags.width, tags.height, pixels.data(), tags.orientation, 1) == 0)
        return damaged(source);
    out.colours = ColourModel::kRgb;
    std::uint8_t* to = out.samples.data();
    for (const std::uint32_t pixel : pixels) {
        *to++ = static_cast<std::uint8_t>(TIFFGetR(pixel));
        *to++ = static_cast<std::uint8_t>(TIFFGetG(pixel));
        *to++ = static_cast<std::uint8_t>(TIFFGetB(pixel));
    }
    return {};
}

/// With `kept`, the numbers stay and it gets the colors.
Status resolve_palette(TIFF* tiff, const Tags& tags, const DecodeLimits& limits, Raster& out, Palette* kept) {
    std::uint16_t* colour[3]{};
    if (tags.bits > 8 || TIFFGetField(tiff, TIFFTAG_COLORMAP, &colour[0], &colour[1], &colour[2]) != 1)
        return fail(ErrorCode::kUnsupported, "a TIFF with a palette of {} bits, or without one", tags.bits);
    if (kept) {
        out.colours = ColourModel::kGrey;
        for (std::size_t i = 0; i < std::size_t{1} << tags.bits; ++i)
            kept->push_back(
                static_cast<std::uint32_t>(colour[0][i] >> 8 << 16 | colour[1][i] >> 8 << 8 | colour[2][i] >> 8));
        return {};
    }
    const bool alpha = out.alpha != Alpha::kNone;
    const std::size_t step = tags.channels;
    const std::vector<std::uint8_t> indices = std::move(out.samples);
    out.samples = {};
    DIGITS_TRY(reset(out, tags.width, tags.height, alpha ? 4 : 3, SampleType::kU8, limits));
    out.colours = ColourModel::kRgb;
    std::uint8_t* to = out.samples.data();
    for (std::size_t i = 0; i < indices.size(); i += step) {
        for (const auto* plane : colour) *to++ = static_cast<std::uint8_t>(plane[indices[i]] >> 8);
        if (alpha) *to++ = indices[i + 1];
    }
    return {};
}

/// Grey of fewer than 8 bits to 0..255, and black to 0 where the file has it the other way round. `keeps_bits`: one bit
/// stays 0 and 1.
void scale_grey(const Tags& tags, bool keeps_bits, Raster& out) {
    const unsigned most = (1u << std::min<unsigned>(tags.bits, 16)) - 1;
    const bool inverted = tags.photometric == PHOTOMETRIC_MINISWHITE && !holds_floats(tags);
    const std::size_t step = tags.channels;
    if (out.type == SampleType::kU8) {
        if (tags.bits == 8 && !inverted) return;
        for (std::size_t i = 0; i < out.samples.size(); ++i) {
            unsigned value = std::min<unsigned>(out.samples[i], most);
            if (inverted && i % step == 0) value = most - value;
            out.samples[i] = static_cast<std::uint8_t>(tags.bits == 1 && keeps_bits ? value : value * 255 / most);
        }
    } else if (inverted) {
        for (std::size_t i = 0; i < out.samples.size(); i += 2 * step) {
            std::uint16_t value;
            std::memcpy(&value, out.samples.data() + i, sizeof value);
            value = static_cast<std::uint16_t>(most - value);
            std::memcpy(out.samples.data() + i, &value, sizeof value);
        }
    }
}

/// Whether luma and chroma are stored as they are, in full size: by the tags, or because the bytes are just that many
/// (files exist that leave out the tag, whose default is a chroma of half the size).
bool has_whole_chroma(TIFF* tiff, const Tags& tags) {
    if (tags.photometric != PHOTOMETRIC_YCBCR || tags.compression != COMPRESSION_NONE || tags.bits != 8 ||
        tags.channels != 3 || tags.is_planar() || TIFFIsTiled(tiff) != 0)
        return false;
    std::uint64_t stored = 0;
    const auto strips = TIFFNumberOfStrips(tiff);
    for (std::uint32_t i = 0; i < strips; ++i) stored += TIFFGetStrileByteCount(tiff, i);
    return stored == std::uint64_t{tags.width} * tags.height * 3;
}

Alpha alpha_of(const Tags& tags) {
    if (tags.channels <= tags.colours() || tags.extra_count == 0) return Alpha::kNone;
    if (tags.extra[0] == EXTRASAMPLE_ASSOCALPHA) return Alpha::kPremultiplied;
    return tags.extra[0] == EXTRASAMPLE_UNASSALPHA ? Alpha::kStraight : Alpha::kNone;
}

/// Planes of extra samples that nobody knows are not even read, unless the image consists of them.
void leave_out_extra_planes(Tags& tags) {
    const int known = tags.colours() + (alpha_of(tags) != Alpha::kNone ? 1 : 0);
    if (!tags.is_planar() || tags.channels <= known || tags.channels > known + 1) return;
    tags.channels = static_cast<std::uint16_t>(known);
}

/// With `kept`, a palette is not resolved.
Status read_samples(TIFF* tiff, const Source& source, const Tags& tags, const DecodeLimits& limits, Raster& out,
                    Palette* kept) {
    DIGITS_TRY(check_samples(tags));
    const bool floats = holds_floats(tags);
    const auto type = floats ? SampleType::kF32 : tags.bits > 8 ? SampleType::kU16 : SampleType::kU8;
    DIGITS_TRY(reset(out, tags.width, tags.height, tags.channels, type, limits));
    DIGITS_TRY(BlockReader(tiff, source, tags, out).read_all(limits));
    out.bits = tags.bits;
    out.floating = tags.format == SAMPLEFORMAT_IEEEFP;
    out.white = floats ? 0 : tags.bits > 8 ? (1 << tags.bits) - 1 : 255;
    out.alpha = alpha_of(tags);
    switch (tags.photometric) {
        case PHOTOMETRIC_PALETTE: return resolve_palette(tiff, tags, limits, out, kept);
        case PHOTOMETRIC_RGB: out.colours = tags.channels >= 3 ? ColourModel::kRgb : ColourModel::kOther; return {};
        case PHOTOMETRIC_SEPARATED:
            out.colours = tags.channels >= 4 ? ColourModel::kCmyk : ColourModel::kOther;
            return {};
        case PHOTOMETRIC_MINISBLACK:
        case PHOTOMETRIC_MINISWHITE:
            out.colours = tags.channels - (out.alpha != Alpha::kNone) <= 2 ? ColourModel::kGrey : ColourModel::kOther;
            scale_grey(tags, kept != nullptr, out);
            return {};
    }
    return fail(ErrorCode::kUnsupported, "a TIFF with photometric interpretation {}", tags.photometric);
}

Status decode(std::string_view bytes, const DecodeLimits& limits, Raster& out, Palette* kept) {
    Source source{bytes, 0, {}};
    const auto tiff = open_tiff(source, limits);
    if (tiff == nullptr) return damaged(source);
    Tags tags = read_tags(tiff.get());
    DIGITS_TRY(check_size(tags.width, tags.height, limits));
    DIGITS_TRY(check_compression(tags.compression));
    if (tags.photometric == PHOTOMETRIC_YCBCR && tags.compression == COMPRESSION_JPEG && !tags.is_planar()) {
        TIFFSetField(tiff.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        tags.photometric = PHOTOMETRIC_RGB;
    }
    const bool whole_chroma = has_whole_chroma(tiff.get(), tags);
    if (whole_chroma) {
        TIFFSetField(tiff.get(), TIFFTAG_YCBCRSUBSAMPLING, 1, 1);
        tags.photometric = PHOTOMETRIC_RGB;
    }
    leave_out_extra_planes(tags);
    if (needs_conversion(tags))
        DIGITS_TRY(read_converted(tiff.get(), source, tags, limits, out));
    else
        DIGITS_TRY(read_samples(tiff.get(), source, tags, limits, out, kept));
    if (whole_chroma)
        for (std::size_t i = 0; i < out.samples.size(); i += 3) luma_chroma_to_rgb(out.samples.data() + i);
    out.orientation = tags.orientation;
    return {};
}

}  // namespace

Status decode_tiff(std::string_view bytes, const DecodeLimits& limits, Raster& out) {
    return decode(bytes, limits, out, nullptr);
}

Status decode_tiff_indices(std::string_view bytes, const DecodeLimits& limits, Raster& out, Palette& palette) {
    return decode(bytes, limits, out, &palette);
}

}  // namespace digits::codec
