#include "data/exports/export_writer.hpp"

#include <algorithm>

#include "data/sources/objects/paint.hpp"
#include "image/encode.hpp"

namespace digits {

std::string file_name_of(std::string_view text) {
    std::string name;
    for (const char c : text) {
        const bool unusual = static_cast<unsigned char>(c) <= ' ' || c == 127 ||
                             std::string_view("/\\:*?\"<>|#").find(c) != std::string_view::npos;
        name += unusual ? '_' : c;
    }
    while (name.starts_with('.')) name[0] = '_';
    return name.empty() ? "_" : name;
}

std::string label_lines(const std::vector<std::string>& labels) {
    std::string text;
    for (const auto& label : labels) text += label + '\n';
    return text;
}

std::string class_name_of(const DatasetFacts& facts, int label) {
    const auto at = static_cast<std::size_t>(label);
    return label >= 0 && at < facts.labels.size() ? facts.labels[at] : std::to_string(label);
}

Result<std::string> mask_file(const Mask& mask, const DatasetFacts& facts) {
    if (std::ranges::any_of(mask.ids, [](std::uint16_t id) { return id > 255; })) {
        return encode_png(DeepImage{mask.width, mask.height, 1, mask.ids});
    }
    IndexedImage image{mask.width, mask.height, {mask.ids.begin(), mask.ids.end()}, class_colors(256)};
    std::copy_n(facts.palette.begin(), std::min<std::size_t>(facts.palette.size(), 256), image.colors.begin());
    return encode_png(image);
}

}  // namespace digits
