#include "data/sample.hpp"

#include <fmt/format.h>

namespace digits {
namespace {

constexpr std::size_t kMostNumbers = 8;

std::string class_text(int index, std::span<const std::string> labels) {
    const auto at = static_cast<std::size_t>(index);
    return index >= 0 && at < labels.size() ? labels[at] : std::to_string(index);
}

std::string numbers_text(const std::vector<float>& values) {
    std::string text;
    for (std::size_t i = 0; i < std::min(values.size(), kMostNumbers); ++i)
        text += fmt::format("{}{}", i == 0 ? "" : ", ", values[i]);
    return values.size() > kMostNumbers ? text + ", …" : text;
}

}  // namespace

std::string target_text(const Target& target, std::span<const std::string> labels) {
    struct Words {
        std::span<const std::string> labels;
        std::string operator()(const std::monostate&) const { return ""; }
        std::string operator()(const ClassLabel& one) const { return class_text(one.index, labels); }
        std::string operator()(const ClassSet& set) const {
            std::string text;
            for (const int index : set.indices) text += (text.empty() ? "" : ", ") + class_text(index, labels);
            return text;
        }
        std::string operator()(const Boxes& boxes) const {
            return fmt::format("{} box{}", boxes.boxes.size(), boxes.boxes.size() == 1 ? "" : "es");
        }
        std::string operator()(const Mask& mask) const { return fmt::format("mask, {} x {}", mask.width, mask.height); }
        std::string operator()(const Tensor& tensor) const { return numbers_text(tensor.values); }
        std::string operator()(const Image& image) const {
            return fmt::format("image, {} x {}", image.width, image.height);
        }
    };
    return std::visit(Words{labels}, target);
}

std::string SampleName::text() && { return box || item ? std::as_const(*this).text() : std::move(path); }

std::string SampleName::text() const& {
    if (box) return fmt::format("{}#{},{},{},{}", path, box->x, box->y, box->width, box->height);
    if (item) return fmt::format("{}#{}", path, *item);
    return path;
}

}  // namespace digits
