#include <libheif/heif.h>

#include <algorithm>
#include <memory>
#include <string>

#include "image/codecs.hpp"

namespace digits::codec {
namespace {

struct ContextDeleter {
    void operator()(heif_context* context) const { heif_context_free(context); }
};
struct HandleDeleter {
    void operator()(heif_image_handle* handle) const { heif_image_handle_release(handle); }
};
struct ImageDeleter {
    void operator()(heif_image* image) const { heif_image_release(image); }
};

tl::unexpected<Error> damaged(const heif_error& error) {
    const auto code = error.code == heif_error_Memory_allocation_error ? ErrorCode::kTooLarge
                      : error.code == heif_error_Unsupported_feature || error.code == heif_error_Unsupported_filetype
                          ? ErrorCode::kUnsupported
                          : ErrorCode::kDataLoss;
    return fail(code, "damaged or unsupported HEIC: {}", error.message);
}

/// libheif turns the rows itself; the EXIF orientation, as cameras write it, or the size tells how it was turned.
int read_orientation(const heif_image_handle* handle) {
    constexpr std::size_t kMostBytes = 1u << 20;
    constexpr std::size_t kOffsetField = 4;
    heif_item_id id = 0;
    if (heif_image_handle_get_list_of_metadata_block_IDs(handle, "Exif", &id, 1) == 1) {
        const std::size_t size = heif_image_handle_get_metadata_size(handle, id);
        if (size > kOffsetField && size <= kMostBytes) {
            std::string block(size, '\0');
            if (heif_image_handle_get_metadata(handle, id, block.data()).code == heif_error_Ok)
                if (const int found = exif_orientation(std::string_view(block).substr(kOffsetField))) return found;
        }
    }
    const bool swapped = heif_image_handle_get_ispe_width(handle) != heif_image_handle_get_width(handle) &&
                         heif_image_handle_get_ispe_width(handle) == heif_image_handle_get_height(handle);
    return swapped ? 6 : 1;
}

}  // namespace

Status decode_heic(std::string_view bytes, const DecodeLimits& limits, Raster& out) {
    const std::unique_ptr<heif_context, ContextDeleter> context(heif_context_alloc());
    heif_context_set_maximum_image_size_limit(context.get(), limits.max_side);
    heif_context_set_max_decoding_threads(context.get(), 0);
    auto error = heif_context_read_from_memory_without_copy(context.get(), bytes.data(), bytes.size(), nullptr);
    if (error.code != heif_error_Ok) return damaged(error);
    heif_image_handle* found = nullptr;
    error = heif_context_get_primary_image_handle(context.get(), &found);
    const std::unique_ptr<heif_image_handle, HandleDeleter> handle(found);
    if (error.code != heif_error_Ok) return damaged(error);
    DIGITS_TRY(check_size(heif_image_handle_get_width(found), heif_image_handle_get_height(found), limits));

    const int depth = heif_image_handle_get_luma_bits_per_pixel(found);
    const bool alpha = heif_image_handle_has_alpha_channel(found) != 0;
    const bool deep = depth > 8;
    const auto layout = deep ? (alpha ? heif_chroma_interleaved_RRGGBBAA_LE : heif_chroma_interleaved_RRGGBB_LE)
                             : (alpha ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB);
    heif_image* decoded = nullptr;
    error = heif_decode_image(found, &decoded, heif_colorspace_RGB, layout, nullptr);
    const std::unique_ptr<heif_image, ImageDeleter> image(decoded);
    if (error.code != heif_error_Ok) return damaged(error);

    const int width = heif_image_get_width(decoded, heif_channel_interleaved);
    const int height = heif_image_get_height(decoded, heif_channel_interleaved);
    int stride = 0;
    const std::uint8_t* plane = heif_image_get_plane_readonly(decoded, heif_channel_interleaved, &stride);
    if (plane == nullptr) return fail(ErrorCode::kDataLoss, "damaged HEIC: there is no image in it");
    DIGITS_TRY(reset(out, width, height, alpha ? 4 : 3, deep ? SampleType::kU16 : SampleType::kU8, limits));
    out.colours = ColourModel::kRgb;
    out.alpha = !alpha                                                 ? Alpha::kNone
                : heif_image_handle_is_premultiplied_alpha(found) != 0 ? Alpha::kPremultiplied
                                                                       : Alpha::kStraight;
    out.bits = deep ? heif_image_get_bits_per_pixel_range(decoded, heif_channel_interleaved) : 8;
    if (deep) {
        out.white = (1 << out.bits) - 1;
        out.narrowing = Narrowing::kRound;
    }
    out.orientation = read_orientation(found);
    out.is_upright = true;
    for (int y = 0; y < height; ++y)
        std::copy_n(plane + static_cast<std::ptrdiff_t>(stride) * y, out.row_bytes(), out.row(y));
    return {};
}

}  // namespace digits::codec
