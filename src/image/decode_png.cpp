#include <png.h>

#include <csetjmp>
#include <cstring>
#include <string>
#include <vector>

#include "image/codecs.hpp"

namespace digits::codec {
namespace {

/// libpng leaves through longjmp, so everything with a destructor lives here, outside the frames it jumps over.
struct PngReader {
    png_structp png = nullptr;
    png_infop info = nullptr;
    std::string_view rest;
    std::string message;
    std::vector<std::uint8_t> samples;
    std::vector<png_bytep> rows;

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

bool read_header(PngReader& reader) {
    if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
    png_set_chunk_malloc_max(reader.png, 16u << 20);
    png_read_info(reader.png, reader.info);
    const int type = png_get_color_type(reader.png, reader.info);
    if (type == PNG_COLOR_TYPE_PALETTE) {
        png_set_palette_to_rgb(reader.png);
        if (png_get_valid(reader.png, reader.info, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(reader.png);
    }
    if (type == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(reader.png);
    if (png_get_bit_depth(reader.png, reader.info) == 16) png_set_strip_16(reader.png);
    png_set_interlace_handling(reader.png);
    png_read_update_info(reader.png, reader.info);
    return true;
}

bool read_rows(PngReader& reader) {
    if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
    png_read_image(reader.png, reader.rows.data());
    png_read_end(reader.png, nullptr);
    return true;
}

void drop_alpha(const std::vector<std::uint8_t>& samples, Image& out) {
    const std::uint8_t* from = samples.data();
    const std::size_t colours = static_cast<std::size_t>(out.channels);
    for (std::size_t i = 0; i < out.pixels.size(); i += colours, from += colours + 1)
        for (std::size_t c = 0; c < colours; ++c) out.pixels[i + c] = over_white(from[c], from[colours]);
}

}  // namespace

Status decode_png(std::string_view bytes, const DecodeLimits& limits, Image& out) {
    PngReader reader;
    reader.rest = bytes;
    reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning);
    if (reader.png != nullptr) reader.info = png_create_info_struct(reader.png);
    if (reader.info == nullptr) return fail(ErrorCode::kResourceExhausted, "no memory to decode the picture");
    png_set_read_fn(reader.png, &reader, on_read);
    if (!read_header(reader)) return fail(ErrorCode::kDataLoss, "damaged PNG: {}", reader.message);

    const auto width = png_get_image_width(reader.png, reader.info);
    const auto height = png_get_image_height(reader.png, reader.info);
    DIGITS_TRY(check_size(width, height, limits));
    const int samples = png_get_channels(reader.png, reader.info);
    const bool alpha = samples == 2 || samples == 4;
    out.reset(static_cast<int>(width), static_cast<int>(height), alpha ? samples - 1 : samples);
    const std::size_t row_bytes = static_cast<std::size_t>(width) * static_cast<std::size_t>(samples);
    if (alpha) reader.samples.resize(row_bytes * height);
    std::uint8_t* first = alpha ? reader.samples.data() : out.pixels.data();
    reader.rows.resize(height);
    for (std::size_t y = 0; y < height; ++y) reader.rows[y] = first + y * row_bytes;
    if (!read_rows(reader)) return fail(ErrorCode::kDataLoss, "damaged PNG: {}", reader.message);
    if (alpha) drop_alpha(reader.samples, out);
    return {};
}

}  // namespace digits::codec
