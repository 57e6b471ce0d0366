#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace digits {

/// Of a label file in XML. The parser knows no entities but XML's own, so that a file cannot grow when it is read.
inline constexpr std::uint64_t kMostXmlBytes = std::uint64_t{256} << 20;
inline constexpr std::size_t kMostProlog = std::size_t{64} << 10;

/// The lines, from 1, of places of a text. Asked for places in their order, it looks at the text once.
class LineCounter {
  public:
    explicit LineCounter(std::string_view text) : text_(text) {}
    /// 0 for a place that is not known.
    int at(std::ptrdiff_t offset) {
        if (offset < 0) return 0;
        const auto end = std::min(text_.size(), static_cast<std::size_t>(offset));
        if (end < place_) {
            place_ = 0;
            line_ = 1;
        }
        line_ += static_cast<int>(std::ranges::count(text_.substr(place_, end - place_), '\n'));
        place_ = end;
        return line_;
    }

  private:
    std::string_view text_;
    std::size_t place_ = 0;
    int line_ = 1;
};

/// Whether a text declares entities, as no label does: such a file is refused.
inline bool declares_entities(std::string_view text) {
    return text.substr(0, kMostProlog).find("<!ENTITY") != std::string_view::npos;
}
inline constexpr const char* kEntitiesRefused = "it declares entities, which are refused";

inline std::string trimmed_text(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const auto begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(kSpace) - begin + 1));
}

}  // namespace digits
