#include "tasks/output_forms.hpp"

#include <fmt/ranges.h>

namespace digits {

std::string forms_of(std::span<const OutputArray> outputs) {
    std::string text;
    for (const auto& output : outputs)
        text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", output.name,
                            output.shape.empty() ? "1" : fmt::format("{}", fmt::join(output.shape, " x ")));
    return text;
}

std::string class_name(std::span<const std::string> labels, int index) {
    const auto at = static_cast<std::size_t>(index);
    return at < labels.size() ? labels[at] : std::to_string(index);
}

}  // namespace digits
