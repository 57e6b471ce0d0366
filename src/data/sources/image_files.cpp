#include "data/sources/image_files.hpp"

#include <algorithm>

#include "base/named_file.hpp"
#include "data/guard.hpp"
#include "image/formats.hpp"

namespace digits {
namespace {

constexpr std::uint64_t kMostImageBytes = std::uint64_t{1} << 30;

Result<Image> cut_out(const Image& image, const PixelBox& box) {
    if (box.width > image.width - box.x || box.height > image.height - box.y)
        return fail(ErrorCode::kInvalidArgument, "the rectangle of {} x {} at {}, {} goes beyond the image ({} x {})",
                    box.width, box.height, box.x, box.y, image.width, image.height);
    Image part;
    part.reset(box.width, box.height, image.channels);
    const auto left = static_cast<std::size_t>(box.x) * static_cast<std::size_t>(image.channels);
    for (int y = 0; y < box.height; ++y) std::copy_n(image.row(box.y + y) + left, part.row_bytes(), part.row(y));
    return part;
}

}  // namespace

bool has_image_extension(std::string_view name) { return is_image_name(name); }

Result<Image> ImageReader::read_unnamed(const std::string& path, const std::optional<PixelBox>& box) const {
    if (is_web_address(path)) return fail(ErrorCode::kUnsupported, "an address in the network; expected a file");
    DIGITS_ASSIGN(const auto bytes, read_named_file(path, kMostImageBytes, roots_));
    DIGITS_ASSIGN(auto image, decode_(bytes));
    if (!box) return image;
    return cut_out(image, *box);
}

Result<Image> ImageReader::read(const std::string& path, const std::optional<PixelBox>& box) const {
    auto image = guarded("read it", [&] { return read_unnamed(path, box); });
    if (!image) return fail(std::move(image).error().at(SampleName{path, box}.text()));
    return image;
}

Result<Sample> LabelledFiles::get(Split split, std::size_t index) const {
    const auto& entry = entries(split)[index];
    DIGITS_ASSIGN(auto image, images_.read(entry.path, entry.box));
    Sample sample{{}, ClassLabel{entry.label}, entry.name()};
    sample.images.push_back(std::move(image));
    return sample;
}

SampleName LabelledFiles::name(Split split, std::size_t index) const {
    const auto& entry = entries(split)[index];
    return {entry.path, entry.box};
}

Target LabelledFiles::target(Split split, std::size_t index) const { return ClassLabel{entries(split)[index].label}; }

}  // namespace digits
