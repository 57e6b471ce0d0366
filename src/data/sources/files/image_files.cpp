#include "data/sources/files/image_files.hpp"

#include <algorithm>

#include "base/named_file.hpp"
#include "data/guard.hpp"
#include "image/formats.hpp"

namespace digits {
namespace {

constexpr std::uint64_t kMostImageBytes = std::uint64_t{1} << 30;

}  // namespace

Result<Image> cut_out(const Image& image, const PixelBox& box) {
    if (box.width > image.width - box.x || box.height > image.height - box.y)
        return fail(ErrorCode::kInvalidArgument, "the rectangle of {} x {} at {}, {} goes beyond the image ({} x {})",
                    box.width, box.height, box.x, box.y, image.width, image.height);
    Image part;
    const auto left = static_cast<std::size_t>(box.x) * static_cast<std::size_t>(image.channels);
    if (image.is_deep()) {
        part.reset_deep(box.width, box.height, image.channels);
        for (int y = 0; y < box.height; ++y)
            std::copy_n(image.deep_row(box.y + y) + left, part.row_bytes(), part.deep_row(y));
        return part;
    }
    part.reset(box.width, box.height, image.channels);
    for (int y = 0; y < box.height; ++y) std::copy_n(image.row(box.y + y) + left, part.row_bytes(), part.row(y));
    return part;
}

bool has_image_extension(std::string_view name) { return is_image_name(name); }

Result<DecodedImage> ImageReader::decode(const SampleName& name) const {
    if (is_web_address(name.path)) return fail(ErrorCode::kUnsupported, "an address in the network is not a file");
    DIGITS_ASSIGN(const auto bytes, read_named_file(name.path, kMostImageBytes, roots_, origin_));
    DIGITS_ASSIGN(auto decoded, decode_(bytes, decoding_));
    if (name.box) {
        DIGITS_ASSIGN(decoded.image, cut_out(decoded.image, *name.box));
    }
    return decoded;
}

Result<Sample> ImageReader::read(SampleName name, Target target) const {
    auto decoded = guarded("read it", [&] { return decode(name); });
    if (!decoded) return fail(std::move(decoded).error().at(name.text()));
    Sample sample{{}, std::move(target), std::move(name).text()};
    sample.images.push_back(std::move(decoded->image));
    sample.facts.push_back(decoded->facts);
    return sample;
}

Result<Sample> LabelledFiles::get(Split split, std::size_t index) const {
    return images_.read(name(split, index), target(split, index));
}

SampleName LabelledFiles::name(Split split, std::size_t index) const {
    const auto& entry = entries(split)[index];
    return {entry.path, entry.box};
}

Target LabelledFiles::target(Split split, std::size_t index) const { return ClassLabel{entries(split)[index].label}; }

}  // namespace digits
