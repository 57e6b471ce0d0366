#include "data/sources/files/loose_name.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>

namespace digits {
namespace {

/// Letters without their marks, by code from U+00C0 and from U+1E00; "." for what is not a letter with marks.
constexpr std::string_view kLatin =
    "aaaaaa.ceeeeiiii.nooooo..uuuuy..aaaaaa.ceeeeiiii.nooooo..uuuuy.y"
    "aaaaaaccccccccdd..eeeeeeeeeegggggggghh..iiiiiiiii...jjkk.llllll."
    "...nnnnnn...oooooo..rrrrrrsssssssstttt..uuuuuuuuuuuuwwyyyzzzzzz.";
constexpr std::string_view kMoreLatin =
    "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmm"
    "mmmmnnnnnnnnoooooooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvv"
    "wwwwwwwwwwxxxxyyzzzzzzhtwy......aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee"
    "eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy......";
constexpr std::uint32_t kLatinStart = 0xc0, kMoreLatinStart = 0x1e00;

void add_utf8(std::uint32_t code, std::string& text) {
    if (code < 0x800) {
        text += static_cast<char>(0xc0 | code >> 6);
    } else {
        text += static_cast<char>(0xe0 | code >> 12);
        text += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    }
    text += static_cast<char>(0x80 | (code & 0x3f));
}

bool is_mark(std::uint32_t code) { return (code >= 0x300 && code <= 0x36f) || code == 0x3099 || code == 0x309a; }

/// Kana with a voicing mark follow the one without.
std::uint32_t plain_kana(std::uint32_t code) {
    const bool katakana = code >= 0x30a0;
    const auto at = katakana ? code - 0x60 : code;
    auto plain = at;
    if ((at >= 0x304b && at <= 0x3062 && at % 2 == 0) || at == 0x3065 || at == 0x3067 || at == 0x3069) plain = at - 1;
    if (at >= 0x306f && at <= 0x307d) plain = at - (at - 0x306f) % 3;
    if (at == 0x3094) plain = 0x3046;
    return katakana ? plain + 0x60 : plain;
}

void add_loose(std::uint32_t code, std::string_view bytes, std::string& key) {
    const auto latin = [&](std::string_view table, std::uint32_t start) {
        return code >= start && code < start + table.size() && table[code - start] != '.' ? table[code - start] : '\0';
    };
    if (is_mark(code)) return;
    if (const char letter = latin(kLatin, kLatinStart)) {
        key += letter;
    } else if (const char other = latin(kMoreLatin, kMoreLatinStart)) {
        key += other;
    } else if (code >= 0xac00 && code <= 0xd7a3) {  // Hangul: consonant, vowel and perhaps a last consonant
        const auto at = code - 0xac00;
        add_utf8(0x1100 + at / 588, key);
        add_utf8(0x1161 + at % 588 / 28, key);
        if (at % 28 != 0) add_utf8(0x11a7 + at % 28, key);
    } else if (code >= 0x3041 && code <= 0x30fe) {
        add_utf8(plain_kana(code), key);
    } else {
        key += bytes;
    }
}

}  // namespace

std::string loose_name(std::string_view name) {
    std::string key;
    for (std::size_t i = 0; i < name.size();) {
        const auto byte = [&](std::size_t at) {
            return static_cast<std::uint32_t>(static_cast<unsigned char>(name[at]));
        };
        const auto follows = [&](std::size_t at) { return at < name.size() && (byte(at) & 0xc0) == 0x80; };
        const auto first = byte(i);
        if (first < 0x80) {
            key += first >= 'A' && first <= 'Z' ? static_cast<char>(first + ('a' - 'A')) : name[i];
            ++i;
        } else if ((first & 0xe0) == 0xc0 && follows(i + 1)) {
            add_loose((first & 0x1f) << 6 | (byte(i + 1) & 0x3f), name.substr(i, 2), key);
            i += 2;
        } else if ((first & 0xf0) == 0xe0 && follows(i + 1) && follows(i + 2)) {
            add_loose((first & 0xf) << 12 | (byte(i + 1) & 0x3f) << 6 | (byte(i + 2) & 0x3f), name.substr(i, 3), key);
            i += 3;
        } else {
            key += name[i++];
        }
    }
    return key;
}

std::string plain_path(std::string_view name) {
    std::string path(name);
    if (const auto scheme = path.find("://"); scheme != std::string::npos && scheme < 8 && scheme > 1) {
        path.erase(std::min(path.find('?'), path.size()));
        const auto host_end = path.find('/', scheme + 3);
        path.erase(0, host_end == std::string::npos ? scheme + 3 : host_end + 1);
    }
    std::ranges::replace(path, '\\', '/');
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    if (path.size() > 2 && is_letter(path[0]) && path[1] == ':' && path[2] == '/') path.erase(0, 3);
    while (path.starts_with("./")) path.erase(0, 2);
    return path;
}

std::string listed_path(const std::filesystem::path& root, const std::string& path, const std::filesystem::path& list) {
    const auto start = root.empty() ? list.parent_path() : root;
    const auto joined = [&](const std::string& name) { return (start / name).string(); };
    auto there = joined(path);
    return path.find('\\') == std::string::npos || ::access(there.c_str(), F_OK) == 0 ? there
                                                                                      : joined(plain_path(path));
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        if (text[i] == '%' && i + 2 < text.size()) {
            const auto [stop, error] = std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
            if (error == std::errc() && stop == text.data() + i + 3 && value != 0) {
                out += static_cast<char>(value);
                i += 2;
                continue;
            }
        }
        out += text[i];
    }
    return out;
}

}  // namespace digits
