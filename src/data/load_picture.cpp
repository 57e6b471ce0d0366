#include "data/load_picture.hpp"

#include <algorithm>

#include "base/named_file.hpp"
#include "data/guard.hpp"
#include "image/decode.hpp"

namespace digits {
namespace {

constexpr std::uint64_t kMostPictureBytes = std::uint64_t{1} << 30;

Result<Image> cut_out(const Image& picture, const PixelBox& box) {
    if (box.width > picture.width - box.x || box.height > picture.height - box.y)
        return fail(ErrorCode::kInvalidArgument, "the rectangle of {} x {} at {}, {} goes beyond the picture ({} x {})",
                    box.width, box.height, box.x, box.y, picture.width, picture.height);
    Image part;
    part.reset(box.width, box.height, picture.channels);
    const auto left = static_cast<std::size_t>(box.x) * static_cast<std::size_t>(picture.channels);
    for (int y = 0; y < box.height; ++y) std::copy_n(picture.row(box.y + y) + left, part.row_bytes(), part.row(y));
    return part;
}

Result<Image> read_picture(const ListEntry& entry) {
    if (is_web_address(entry.path)) return fail(ErrorCode::kUnsupported, "an address in the network; expected a file");
    DIGITS_ASSIGN(const auto bytes, read_named_file(entry.path, kMostPictureBytes));
    DIGITS_ASSIGN(auto picture, decode_image(bytes));
    if (!entry.box) return picture;
    return cut_out(picture, *entry.box);
}

}  // namespace

Result<Image> load_original(const ListEntry& entry) {
    return guarded("read it", [&] { return read_picture(entry); });
}

Result<Image> load_picture(const ListEntry& entry, const ImageSpec& image, std::uint64_t noise_seed) {
    return guarded("read it", [&]() -> Result<Image> {
        DIGITS_ASSIGN(auto picture, read_picture(entry));
        // DIGITS converts the colours first and then resizes.
        return fit_image(convert_channels(std::move(picture), image.channels), image.width, image.height, image.resize,
                         noise_seed);
    });
}

}  // namespace digits
