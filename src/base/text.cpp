#include "base/text.hpp"

#include <algorithm>

#include "base/named_file.hpp"

namespace digits {
namespace {

constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";

struct Encoding {
    std::string_view name;
    std::string_view mark;
};
/// Longer marks first: that of UTF-32 begins as that of UTF-16.
constexpr Encoding kForeign[]{
    {"UTF-32 (little endian)", std::string_view("\xff\xfe\0\0", 4)},
    {"UTF-32 (big endian)", std::string_view("\0\0\xfe\xff", 4)},
    {"UTF-16 (little endian)", "\xff\xfe"},
    {"UTF-16 (big endian)", "\xfe\xff"},
};

/// Whether every other of the first bytes, from `first` on, is 0 and no other one is: Latin text in UTF-16.
bool is_every_other_zero(std::string_view text, std::size_t first) {
    constexpr std::size_t kMostLooked = 256;
    const auto size = std::min(text.size(), kMostLooked) / 2 * 2;
    for (std::size_t i = 0; i < size; ++i)
        if ((text[i] == '\0') != (i % 2 == first)) return false;
    return size >= 2;
}

std::string_view foreign_encoding(std::string_view text) {
    for (const auto& [name, mark] : kForeign)
        if (text.starts_with(mark)) return name;
    if (is_every_other_zero(text, 1)) return kForeign[2].name;
    if (is_every_other_zero(text, 0)) return kForeign[3].name;
    return "";
}

/// "\r\n" to "\n"; where there is no "\n" at all, "\r" to "\n", as the first Macintosh wrote.
void unify_lines(std::string& text) {
    if (text.find('\r') == std::string::npos) return;
    if (text.find('\n') == std::string::npos) {
        std::ranges::replace(text, '\r', '\n');
        return;
    }
    auto to = text.begin();
    for (auto from = text.cbegin(); from != text.cend(); ++from)
        if (*from != '\r' || std::next(from) == text.cend() || *std::next(from) != '\n') *to++ = *from;
    text.erase(to, text.end());
}

}  // namespace

Result<std::string> plain_text(std::string bytes) {
    if (const auto name = foreign_encoding(bytes); !name.empty())
        return fail(make_error(ErrorCode::kInvalidArgument, "the text is in {}; it must be in UTF-8", name)
                        .advise("Save it as UTF-8"));
    if (bytes.starts_with(kUtf8Mark)) bytes.erase(0, kUtf8Mark.size());
    unify_lines(bytes);
    return bytes;
}

std::string_view without_byte_order_mark(std::string_view text) {
    if (text.starts_with(kUtf8Mark)) text.remove_prefix(kUtf8Mark.size());
    return text;
}

Result<std::string> read_text_file(const std::string& path, std::uint64_t max_bytes, const ReadableRoots& roots) {
    DIGITS_ASSIGN(auto bytes, read_named_file(path, max_bytes, roots));
    auto text = plain_text(std::move(bytes));
    if (!text) return fail(std::move(text).error().at(path));
    return text;
}

std::string grouped(std::uint64_t count) {
    auto text = std::to_string(count);
    for (auto place = static_cast<std::ptrdiff_t>(text.size()) - 3; place > 0; place -= 3)
        text.insert(static_cast<std::size_t>(place), 1, ',');
    return text;
}

}  // namespace digits
