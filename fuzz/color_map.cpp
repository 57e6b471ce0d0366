// The colors of a mask's classes: a text file of one of several programs.

#include "data/sources/masks/color_map.hpp"

#include "data/sources/findings.hpp"
#include "fuzz.hpp"

namespace {

using namespace digits;

Result<DecodedImage> no_decoder(std::string_view, const DecodeOptions&) {
    return fail(ErrorCode::kUnsupported, "there are no images here");
}
Result<LabelImage> no_label_decoder(std::string_view, const DecodeOptions&) {
    return fail(ErrorCode::kUnsupported, "there are no images here");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::Folder folder;
    const auto file = folder.write("colors.txt", fuzz::text_of(data, size));
    Findings findings;
    const SourceContext context{.decode = no_decoder, .decode_labels = no_label_decoder};
    const auto map = read_color_map(file.string(), ReadableRoots(), context, findings);
    fuzz::require_sentence(map);
    if (!map) return 0;
    fuzz::require(!map->colors.empty(), "there is a color");
    fuzz::require(map->names.empty() || map->names.size() == map->colors.size(), "each color has a name, or none has");
    for (const auto color : map->colors) fuzz::require(color <= 0xffffff, "a color has three bytes");
    return 0;
}
