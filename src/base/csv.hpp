#pragma once

#include <string>
#include <string_view>

namespace digits {

/// A text as a field of a CSV file (RFC 4180). One that a spreadsheet would take for a formula gets an apostrophe in
/// front: names come from the author of the images.
inline std::string csv_field(std::string_view text) {
    const bool formula = !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
    std::string field(formula ? "'" : "");
    field += text;
    if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
    std::string quoted("\"");
    for (const char c : field) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + '"';
}

}  // namespace digits
