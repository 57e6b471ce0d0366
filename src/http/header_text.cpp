#include "http/header_text.hpp"

#include <algorithm>
#include <cstdint>

namespace digits::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string lower_case(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), lower);
    return result;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string printable(std::string_view text) {
    std::string result(text);
    std::erase_if(result, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    return result;
}

std::string header_parameter(std::string_view header, std::string_view name) {
    std::size_t at = header.find(';');
    while (at != std::string_view::npos && at < header.size()) {
        const auto equals = header.find('=', at);
        if (equals == std::string_view::npos) return {};
        const auto key = trim(header.substr(at + 1, equals - at - 1));
        std::string value;
        std::size_t i = equals + 1;
        if (i < header.size() && header[i] == '"') {
            for (++i; i < header.size() && header[i] != '"'; ++i) {
                if (header[i] == '\\' && i + 1 < header.size()) ++i;
                value += header[i];
            }
            at = header.find(';', std::min(i, header.size()));
        } else {
            at = header.find(';', i);
            value = trim(header.substr(i, at == std::string_view::npos ? at : at - i));
        }
        if (equal_ignoring_case(key, name)) return value;
    }
    return {};
}

std::string cookie_value(std::string_view header, std::string_view name) {
    while (!header.empty()) {
        const auto end = std::min(header.find(';'), header.size());
        const auto pair = trim(header.substr(0, end));
        header.remove_prefix(std::min(end + 1, header.size()));
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == name)
            return std::string(pair.substr(equals + 1));
    }
    return "";
}

bool accepts_gzip(std::string_view codings) {
    while (!codings.empty()) {
        const auto comma = codings.find(',');
        const auto item = codings.substr(0, comma);
        const auto coding = trim(item.substr(0, item.find(';')));
        if (equal_ignoring_case(coding, "gzip") || coding == "*") {
            const auto weight = header_parameter(item, "q");
            return weight.empty() || weight.find_first_not_of("0.") != std::string::npos;
        }
        codings = comma == std::string_view::npos ? std::string_view{} : codings.substr(comma + 1);
    }
    return false;
}

}  // namespace digits::http
