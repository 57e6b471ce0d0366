#include "infer/output_text.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace digits {
namespace {

/// The axes of `shape`, opened and closed around their numbers. JSON has no word for what is not finite.
void write_array(const OutputArray& output, std::size_t axis, const float*& next, std::string& text) {
    if (axis == output.shape.size()) {
        const float value = *next++;
        if (std::isfinite(value))
            fmt::format_to(std::back_inserter(text), "{}", value);
        else
            text += "null";
        return;
    }
    text += '[';
    for (std::int64_t i = 0; i < output.shape[axis]; ++i) {
        if (i > 0) text += ',';
        write_array(output, axis + 1, next, text);
    }
    text += ']';
}

}  // namespace

std::string outputs_text(std::span<const OutputArray> outputs, bool batch_axis) {
    std::string text = "{";
    for (const auto& output : outputs) {
        if (text.size() > 1) text += ',';
        text += nlohmann::json(output.name).dump() + ":" + (batch_axis ? "[" : "");
        const float* next = output.values.data();
        write_array(output, 0, next, text);
        if (batch_axis) text += ']';
    }
    return text + "}";
}

}  // namespace digits
