#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace digits {

/// Of a label file in XML. The parser knows no entities but XML's own, so that a file cannot grow when it is read.
inline constexpr std::uint64_t kMostXmlBytes = std::uint64_t{256} << 20;

/// The line, from 1, that a place of a text lies on.
inline int line_of(std::string_view text, std::ptrdiff_t offset) {
    if (offset < 0) return 0;
    const auto end = std::min(text.size(), static_cast<std::size_t>(offset));
    return 1 + static_cast<int>(std::ranges::count(text.substr(0, end), '\n'));
}

inline std::string trimmed_text(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const auto begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(kSpace) - begin + 1));
}

}  // namespace digits
