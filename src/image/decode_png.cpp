#include <png.h>
#include <zlib.h>

#include <bit>
#include <csetjmp>
#include <cstring>
#include <string>
#include <vector>

#include "image/codecs.hpp"

namespace digits::codec {
namespace {

/// More than any honest text, profile or EXIF block; together they stay under a hundred MB.
constexpr png_alloc_size_t kMostChunkBytes = 4u << 20;
constexpr png_uint_32 kMostChunks = 16;

/// libpng leaves through longjmp, so everything with a destructor lives here, outside the frames it jumps over.
struct PngReader {
    png_structp png = nullptr;
    png_infop info = nullptr;
    std::string_view rest;
    std::string message;
    std::vector<png_bytep> rows;
    bool deep = false;
    bool keeps_indices = false;  ///< palettes are not resolved, and samples of 1, 2 and 4 bits not scaled
    bool has_rows = false;

    ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
};

void on_error(png_structp png, png_const_charp text) {
    static_cast<PngReader*>(png_get_error_ptr(png))->message = text;
    png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void on_read(png_structp png, png_bytep to, std::size_t size) {
    auto& reader = *static_cast<PngReader*>(png_get_io_ptr(png));
    if (size > reader.rest.size()) png_error(png, "the file is cut off");
    std::memcpy(to, reader.rest.data(), size);
    reader.rest.remove_prefix(size);
}

/// Colour profiles and suggested palettes are not used and not even unpacked.
void ignore_chunks(png_structp png) {
    constexpr png_byte kNames[] = "iCCP\0sPLT\0hIST";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, kNames, 3);
}

bool read_header(PngReader& reader) {
    if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
    png_set_chunk_malloc_max(reader.png, kMostChunkBytes);
    png_set_chunk_cache_max(reader.png, kMostChunks);
    png_set_crc_action(reader.png, PNG_CRC_QUIET_USE, PNG_CRC_WARN_DISCARD);
    ignore_chunks(reader.png);
    png_read_info(reader.png, reader.info);
    const int type = png_get_color_type(reader.png, reader.info);
    if (reader.keeps_indices && (type == PNG_COLOR_TYPE_PALETTE || type == PNG_COLOR_TYPE_GRAY)) {
        png_set_packing(reader.png);
    } else if (type == PNG_COLOR_TYPE_PALETTE) {
        png_set_palette_to_rgb(reader.png);
        if (png_get_valid(reader.png, reader.info, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(reader.png);
    }
    if (type == PNG_COLOR_TYPE_GRAY && !reader.keeps_indices) png_set_expand_gray_1_2_4_to_8(reader.png);
    reader.deep = png_get_bit_depth(reader.png, reader.info) == 16;
    // As Pillow, which has no grey with alpha of 16 bits.
    if (type == PNG_COLOR_TYPE_GRAY_ALPHA && reader.deep && !reader.keeps_indices) png_set_gray_to_rgb(reader.png);
    // The file's samples are big-endian.
    if (reader.deep && std::endian::native == std::endian::little) png_set_swap(reader.png);
    png_set_interlace_handling(reader.png);
    png_read_update_info(reader.png, reader.info);
    return true;
}

/// What is wrong or missing behind the last row does not matter, as to Pillow.
bool read_rows(PngReader& reader) {
    if (setjmp(png_jmpbuf(reader.png)) != 0) return reader.has_rows;
    png_read_image(reader.png, reader.rows.data());
    reader.has_rows = true;
    png_read_end(reader.png, reader.info);
    return true;
}

/// ImageMagick's text chunk: a line break, "exif", the number of bytes, and the bytes as hexadecimal digits in lines.
std::string raw_profile(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (int line = 0; line < 3; ++line) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) return "";
        text.remove_prefix(end + 1);
    }
    std::string bytes;
    int high = -1;
    for (const char c : text) {
        const auto digit = kDigits.find(c);
        if (digit == std::string_view::npos) continue;
        if (high >= 0) bytes += static_cast<char>(high * 16 + static_cast<int>(digit));
        high = high >= 0 ? -1 : static_cast<int>(digit);
    }
    return bytes;
}

/// From the eXIf chunk, or from the texts in which programs put EXIF and XMP.
int read_orientation(PngReader& reader) {
    std::string exif;
    png_bytep bytes = nullptr;
    png_uint_32 size = 0;
    if (png_get_eXIf_1(reader.png, reader.info, &size, &bytes) != 0)
        exif.assign(reinterpret_cast<const char*>(bytes), size);
    std::string_view xmp;
    png_textp texts = nullptr;
    const int count = png_get_text(reader.png, reader.info, &texts, nullptr);
    for (int i = 0; i < count; ++i) {
        const std::string_view key(texts[i].key);
        const std::size_t length = texts[i].text_length ? texts[i].text_length : texts[i].itxt_length;
        const std::string_view text(texts[i].text, length);
        if (key == "Raw profile type exif" && exif.empty()) exif = raw_profile(text);
        if (key == "XML:com.adobe.xmp") xmp = text;
    }
    return orientation_of(exif, xmp);
}

/// What is wrong with the chunks in front of the image's end, or "". libpng takes memory for as many bytes as a chunk
/// announces (its limit is only a warning for EXIF), and it is told to pass over checksums: those of the pixels are not
/// looked at, as Pillow does, since the compressed data have one of their own.
std::string fault_of_chunks(std::string_view bytes) {
    constexpr std::size_t kSignature = 8, kHead = 8, kChecksum = 4;
    const auto number = [&](std::size_t at) {
        return png_get_uint_32(reinterpret_cast<png_const_bytep>(bytes.data() + at));
    };
    for (std::size_t at = kSignature; at + kHead <= bytes.size();) {
        const std::size_t length = number(at);
        const auto type = bytes.substr(at + 4, 4);
        if (type == "IEND") return "";
        at += kHead;
        // Pixels are read in pieces: whether all are there shows then.
        if (length > bytes.size() - at) return type == "IDAT" ? "" : "the file is cut off";
        const bool decides = type == "IHDR" || type == "PLTE";
        if (decides && length + kChecksum <= bytes.size() - at &&
            crc32(0, reinterpret_cast<const Bytef*>(bytes.data() + at - 4), static_cast<uInt>(length + 4)) !=
                number(at + length))
            return std::string(type) + ": CRC error";
        at += length + kChecksum;
    }
    return "";
}

Palette palette_of(const PngReader& reader) {
    png_colorp colors = nullptr;
    int count = 0;
    Palette palette;
    if (png_get_PLTE(reader.png, reader.info, &colors, &count) == 0) return palette;
    for (int i = 0; i < count; ++i)
        palette.push_back(static_cast<std::uint32_t>(colors[i].red << 16 | colors[i].green << 8 | colors[i].blue));
    return palette;
}

Status decode(std::string_view bytes, const DecodeLimits& limits, bool keeps_indices, Raster& out, Palette* palette) {
    if (const auto fault = fault_of_chunks(bytes); !fault.empty())
        return fail(ErrorCode::kDataLoss, "damaged PNG: {}", fault);
    PngReader reader;
    reader.rest = bytes;
    reader.keeps_indices = keeps_indices;
    reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning);
    if (reader.png != nullptr) reader.info = png_create_info_struct(reader.png);
    if (reader.info == nullptr) return fail(ErrorCode::kResourceExhausted, "not enough memory to decode the image");
    png_set_read_fn(reader.png, &reader, on_read);
    if (!read_header(reader)) return fail(ErrorCode::kDataLoss, "damaged PNG: {}", reader.message);

    const auto width = png_get_image_width(reader.png, reader.info);
    const auto height = png_get_image_height(reader.png, reader.info);
    const int channels = png_get_channels(reader.png, reader.info);
    DIGITS_TRY(reset(out, width, height, channels, reader.deep ? SampleType::kU16 : SampleType::kU8, limits));
    out.colours = channels < 3 ? ColourModel::kGrey : ColourModel::kRgb;
    out.alpha = channels == 2 || channels == 4 ? Alpha::kStraight : Alpha::kNone;
    if (reader.deep) {
        out.bits = 16;
        out.white = 65535;
    }
    reader.rows.resize(height);
    for (std::size_t y = 0; y < height; ++y) reader.rows[y] = out.row(static_cast<int>(y));
    if (!read_rows(reader)) return fail(ErrorCode::kDataLoss, "damaged PNG: {}", reader.message);
    out.orientation = read_orientation(reader);
    if (palette && png_get_color_type(reader.png, reader.info) == PNG_COLOR_TYPE_PALETTE) *palette = palette_of(reader);
    return {};
}

}  // namespace

Status decode_png(std::string_view bytes, const DecodeLimits& limits, Raster& out) {
    return decode(bytes, limits, false, out, nullptr);
}

Status decode_png_indices(std::string_view bytes, const DecodeLimits& limits, Raster& out, Palette& palette) {
    return decode(bytes, limits, true, out, &palette);
}

}  // namespace digits::codec
