#include <csetjmp>
#include <cstdio>
#include <string>
#include <vector>

#include "image/codecs.hpp"
// libjpeg's header wants FILE and size_t before it.
#include <jerror.h>
#include <jpeglib.h>

namespace digits::codec {
namespace {

/// libjpeg leaves through longjmp, so everything with a destructor lives here, outside the frames it jumps over.
struct JpegReader {
    jpeg_decompress_struct info{};
    jpeg_error_mgr errors{};
    jpeg_progress_mgr progress{};
    std::jmp_buf jump{};
    int max_scans = 0;
    bool too_many_scans = false;
    std::string message;
    std::vector<std::uint8_t> cmyk_row;

    JpegReader() { info.err = jpeg_std_error(&errors); }
    ~JpegReader() { jpeg_destroy_decompress(&info); }
};

JpegReader& reader_of(j_common_ptr info) { return *static_cast<JpegReader*>(info->client_data); }

void on_error(j_common_ptr info) {
    char text[JMSG_LENGTH_MAX];
    info->err->format_message(info, text);
    reader_of(info).message = text;
    std::longjmp(reader_of(info).jump, 1);
}

/// A file that ends too early is refused at once: libjpeg would fill what the header promises with grey.
void on_message(j_common_ptr info, int level) {
    if (level >= 0 || info->err->msg_code != JWRN_JPEG_EOF) return;
    auto& reader = reader_of(info);
    reader.message = "the file is cut off";
    std::longjmp(reader.jump, 1);
}

void on_progress(j_common_ptr info) {
    const auto& decompress = *reinterpret_cast<j_decompress_ptr>(info);
    auto& reader = reader_of(info);
    if (decompress.input_scan_number <= reader.max_scans) return;
    reader.too_many_scans = true;
    std::longjmp(reader.jump, 1);
}

constexpr int kExifMarker = JPEG_APP0 + 1;

bool read_header(JpegReader& reader, std::string_view bytes) {
    if (setjmp(reader.jump) != 0) return false;
    jpeg_create_decompress(&reader.info);
    reader.info.client_data = &reader;
    reader.info.progress = &reader.progress;
    jpeg_mem_src(&reader.info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    jpeg_save_markers(&reader.info, kExifMarker, 0xffff);
    jpeg_read_header(&reader.info, TRUE);
    return true;
}

/// One row of Adobe's inverted CMYK to RGB, as Pillow does it.
void cmyk_to_rgb(const std::uint8_t* from, int width, std::uint8_t* to) {
    for (int x = 0; x < width; ++x, from += 4, to += 3) {
        std::uint8_t ink[4];
        for (int c = 0; c < 4; ++c) ink[c] = static_cast<std::uint8_t>(255 - from[c]);
        ink_to_rgb(ink, to);
    }
}

/// From the APP1 segments, EXIF and XMP.
int read_orientation(const JpegReader& reader) {
    constexpr std::string_view kExif("Exif\0\0", 6);
    constexpr std::string_view kXmp("http://ns.adobe.com/xap/1.0/\0", 29);
    std::string_view exif;
    std::string_view xmp;
    for (auto* marker = reader.info.marker_list; marker != nullptr; marker = marker->next) {
        const std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
        if (exif.empty() && starts_with(data, kExif)) exif = data;
        if (xmp.empty() && starts_with(data, kXmp)) xmp = data;
    }
    return orientation_of(exif, xmp);
}

bool read_rows(JpegReader& reader, Raster& out) {
    if (setjmp(reader.jump) != 0) return false;
    auto& info = reader.info;
    jpeg_start_decompress(&info);
    while (info.output_scanline < info.output_height) {
        const int y = static_cast<int>(info.output_scanline);
        if (info.out_color_space == JCS_CMYK) {
            JSAMPROW row = reader.cmyk_row.data();
            jpeg_read_scanlines(&info, &row, 1);
            cmyk_to_rgb(reader.cmyk_row.data(), out.width, out.row(y));
            continue;
        }
        JSAMPROW rows[16];
        int count = 0;
        for (; count < 16 && y + count < out.height; ++count) rows[count] = out.row(y + count);
        jpeg_read_scanlines(&info, rows, static_cast<JDIMENSION>(count));
    }
    jpeg_finish_decompress(&info);
    return true;
}

Error jpeg_error(const JpegReader& reader) {
    if (reader.too_many_scans)
        return make_error(ErrorCode::kTooLarge, "the JPEG has more than {} scans", reader.max_scans);
    return make_error(ErrorCode::kDataLoss, "damaged JPEG: {}", reader.message);
}

}  // namespace

Status decode_jpeg(std::string_view bytes, const DecodeLimits& limits, Raster& out) {
    JpegReader reader;
    reader.errors.error_exit = on_error;
    reader.errors.emit_message = on_message;
    reader.progress.progress_monitor = on_progress;
    reader.max_scans = limits.max_scans;
    reader.info.client_data = &reader;
    if (!read_header(reader, bytes)) return fail(jpeg_error(reader));
    auto& info = reader.info;
    const bool cmyk = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
    const bool grey = info.jpeg_color_space == JCS_GRAYSCALE;
    if (!cmyk && !grey && info.num_components != 3)
        return fail(ErrorCode::kUnsupported, "a JPEG image must have 1, 3 or 4 color components; got {}",
                    info.num_components);
    info.out_color_space = grey ? JCS_GRAYSCALE : cmyk ? JCS_CMYK : JCS_RGB;
    DIGITS_TRY(reset(out, info.image_width, info.image_height, grey ? 1 : 3, SampleType::kU8, limits));
    out.colours = grey ? ColourModel::kGrey : ColourModel::kRgb;
    out.orientation = read_orientation(reader);
    if (cmyk) reader.cmyk_row.resize(static_cast<std::size_t>(info.image_width) * 4);
    if (!read_rows(reader, out)) return fail(jpeg_error(reader));
    return {};
}

}  // namespace digits::codec
