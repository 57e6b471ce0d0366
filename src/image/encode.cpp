#include "image/encode.hpp"

#include <png.h>
#include <zlib.h>

#include <charconv>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <vector>
// libjpeg's header wants FILE and size_t before it.
#include <jpeglib.h>

namespace digits {
namespace {

/// Images of fewer samples (MNIST's) are smaller and quicker without a filter.
constexpr std::size_t kFewSamples = 1025;
constexpr int kFewSamplesLevel = 3;

/// The libraries leave through longjmp, so everything with a destructor lives here, outside the frames it jumps over.
struct PngWriter {
    png_structp png = nullptr;
    png_infop info = nullptr;
    std::string bytes;
    std::string message;

    ~PngWriter() { png_destroy_write_struct(&png, &info); }
};

void on_png_error(png_structp png, png_const_charp text) {
    static_cast<PngWriter*>(png_get_error_ptr(png))->message = text;
    png_longjmp(png, 1);
}

void on_png_warning(png_structp, png_const_charp) {}

void on_png_write(png_structp png, png_bytep from, std::size_t size) {
    static_cast<PngWriter*>(png_get_io_ptr(png))->bytes.append(reinterpret_cast<const char*>(from), size);
}

void on_png_flush(png_structp) {}

/// After Paeth's filter zlib finds little but runs, so looking for more costs time alone: on photographs three fifths
/// of the time of libpng's own choice, and a tenth less bytes.
void choose_compression(png_structp png, std::size_t samples) {
    const bool few = samples < kFewSamples;
    png_set_filter(png, PNG_FILTER_TYPE_BASE, few ? PNG_FILTER_NONE : PNG_FILTER_PAETH);
    png_set_compression_strategy(png, few ? Z_DEFAULT_STRATEGY : Z_RLE);
    png_set_compression_level(png, few ? kFewSamplesLevel : 1);
}

bool write_png(PngWriter& writer, const Image& image) {
    if (setjmp(png_jmpbuf(writer.png)) != 0) return false;
    png_set_write_fn(writer.png, &writer, on_png_write, on_png_flush);
    png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height),
                 8, image.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    choose_compression(writer.png, image.pixels.size());
    png_write_info(writer.png, writer.info);
    for (int y = 0; y < image.height; ++y) png_write_row(writer.png, image.row(y));
    png_write_end(writer.png, nullptr);
    return true;
}

bool write_png(PngWriter& writer, const IndexedImage& image, std::vector<png_color>& palette) {
    if (setjmp(png_jmpbuf(writer.png)) != 0) return false;
    png_set_write_fn(writer.png, &writer, on_png_write, on_png_flush);
    png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height),
                 8, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_PLTE(writer.png, writer.info, palette.data(), static_cast<int>(palette.size()));
    // Masks are runs of equal numbers.
    png_set_filter(writer.png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
    png_set_compression_level(writer.png, 1);
    png_write_info(writer.png, writer.info);
    for (int y = 0; y < image.height; ++y)
        png_write_row(writer.png,
                      image.indices.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width));
    png_write_end(writer.png, nullptr);
    return true;
}

/// `rows`: samples of two bytes, the upper one first.
bool write_png(PngWriter& writer, const DeepImage& image, const std::vector<std::uint8_t>& rows) {
    if (setjmp(png_jmpbuf(writer.png)) != 0) return false;
    png_set_write_fn(writer.png, &writer, on_png_write, on_png_flush);
    png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height),
                 16, image.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    choose_compression(writer.png, image.samples.size());
    png_write_info(writer.png, writer.info);
    const auto row_bytes = rows.size() / static_cast<std::size_t>(image.height);
    for (int y = 0; y < image.height; ++y)
        png_write_row(writer.png, rows.data() + static_cast<std::size_t>(y) * row_bytes);
    png_write_end(writer.png, nullptr);
    return true;
}

struct JpegWriter {
    jpeg_compress_struct info{};
    jpeg_error_mgr errors{};
    std::jmp_buf jump{};
    unsigned char* bytes = nullptr;
    unsigned long size = 0;

    JpegWriter() { info.err = jpeg_std_error(&errors); }
    ~JpegWriter() {
        jpeg_destroy_compress(&info);
        std::free(bytes);
    }
};

void on_jpeg_error(j_common_ptr info) { std::longjmp(static_cast<JpegWriter*>(info->client_data)->jump, 1); }

bool write_jpeg(JpegWriter& writer, const Image& image, int quality) {
    if (setjmp(writer.jump) != 0) return false;
    auto& info = writer.info;
    jpeg_create_compress(&info);
    info.client_data = &writer;
    jpeg_mem_dest(&info, &writer.bytes, &writer.size);
    info.image_width = static_cast<JDIMENSION>(image.width);
    info.image_height = static_cast<JDIMENSION>(image.height);
    info.input_components = image.channels;
    info.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, quality, TRUE);
    jpeg_start_compress(&info, TRUE);
    for (int y = 0; y < image.height; ++y) {
        JSAMPROW row = const_cast<JSAMPROW>(image.row(y));
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    return true;
}

}  // namespace

namespace {

template <class Write>
Result<std::string> encode_png_with(std::size_t expected_bytes, const Write& write) {
    PngWriter writer;
    writer.bytes.reserve(expected_bytes);
    writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &writer, on_png_error, on_png_warning);
    if (writer.png != nullptr) writer.info = png_create_info_struct(writer.png);
    if (writer.info == nullptr) return fail(ErrorCode::kResourceExhausted, "no memory to encode a PNG");
    if (!write(writer)) return fail(ErrorCode::kInternal, "cannot encode a PNG: {}", writer.message);
    return std::move(writer.bytes);
}

}  // namespace

Result<std::string> encode_png(const Image& image) {
    if (image.is_deep()) return encode_png(shown_image(image));
    return encode_png_with(image.pixels.size() / 2 + 256, [&](PngWriter& writer) { return write_png(writer, image); });
}

Result<std::string> encode_png(const IndexedImage& image) {
    std::vector<png_color> palette;
    for (const auto& color : image.colors) {
        unsigned value = 0;
        const auto* begin = color.data() + 1;
        if (color.size() != 7 || color.front() != '#' || std::from_chars(begin, begin + 6, value, 16).ptr != begin + 6)
            return fail(ErrorCode::kInvalidArgument, "\"{}\" is not a color; use the form #rrggbb", color);
        palette.push_back({static_cast<png_byte>(value >> 16), static_cast<png_byte>(value >> 8 & 255),
                           static_cast<png_byte>(value & 255)});
    }
    return encode_png_with(image.indices.size() / 8 + 2048,
                           [&](PngWriter& writer) { return write_png(writer, image, palette); });
}

Result<std::string> encode_png(const DeepImage& image) {
    std::vector<std::uint8_t> rows;
    rows.reserve(image.samples.size() * 2);
    for (const auto sample : image.samples) {
        rows.push_back(static_cast<std::uint8_t>(sample >> 8));
        rows.push_back(static_cast<std::uint8_t>(sample & 255));
    }
    return encode_png_with(rows.size() / 2 + 256, [&](PngWriter& writer) { return write_png(writer, image, rows); });
}

Result<std::string> encode_jpeg(const Image& image, int quality) {
    if (image.is_deep()) return encode_jpeg(shown_image(image), quality);
    JpegWriter writer;
    writer.errors.error_exit = on_jpeg_error;
    writer.info.client_data = &writer;
    if (!write_jpeg(writer, image, quality)) {
        char text[JMSG_LENGTH_MAX];
        writer.errors.format_message(reinterpret_cast<j_common_ptr>(&writer.info), text);
        return fail(ErrorCode::kInternal, "cannot encode a JPEG: {}", text);
    }
    return std::string(reinterpret_cast<const char*>(writer.bytes), writer.size);
}

}  // namespace digits
