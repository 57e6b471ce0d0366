#include "http/target.hpp"

#include <algorithm>

#include "http/header_text.hpp"

namespace digits::http {
namespace {

constexpr std::size_t kMaxQueryFields = 100;

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7f; }

enum class Plus { kItself, kSpace };

Result<std::string> decode(std::string_view text, Plus plus) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus == Plus::kSpace) {
            result += ' ';
        } else if (text[i] == '%') {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) return fail(ErrorCode::kInvalidArgument, "a % that two hex digits do not follow");
            result += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            result += text[i];
        }
    }
    if (!is_utf8(result)) return fail(ErrorCode::kInvalidArgument, "text that is not UTF-8");
    return result;
}

Status check_segment(const std::string& segment) {
    if (std::any_of(segment.begin(), segment.end(), [](char c) { return is_control(static_cast<unsigned char>(c)); }))
        return fail(ErrorCode::kInvalidArgument, "the address has a control character in its path");
    if (segment.find('\\') != std::string::npos)
        return fail(ErrorCode::kInvalidArgument, "the address has a backslash in its path");
    for (std::size_t at = 0; at <= segment.size();) {
        const auto end = std::min(segment.find('/', at), segment.size());
        const auto piece = std::string_view(segment).substr(at, end - at);
        if (piece == "." || piece == "..")
            return fail(ErrorCode::kInvalidArgument, "the address has \"{}\" in its path", piece);
        at = end + 1;
    }
    return {};
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> parse_fields(std::string_view text, std::size_t max_fields) {
    std::vector<std::pair<std::string, std::string>> fields;
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        const auto field = text.substr(0, end);
        const auto equals = std::min(field.find('='), field.size());
        DIGITS_ASSIGN(auto name, decode(field.substr(0, equals), Plus::kSpace));
        DIGITS_ASSIGN(auto value, decode(field.substr(std::min(equals + 1, field.size())), Plus::kSpace));
        if (value.find('\0') != std::string::npos)
            return fail(ErrorCode::kInvalidArgument, "the field {} has a zero byte", name);
        if (!name.empty()) fields.emplace_back(std::move(name), std::move(value));
        if (fields.size() > max_fields) return fail(ErrorCode::kInvalidArgument, "more than {} fields", max_fields);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return fields;
}

Result<Target> parse_target(std::string_view text) {
    if (text.empty() || text.front() != '/')
        return fail(ErrorCode::kInvalidArgument, "expected a path that begins with /");
    Target target;
    text = text.substr(0, text.find('#'));
    const auto question = std::min(text.find('?'), text.size());
    auto path = text.substr(1, question - 1);
    while (true) {
        const auto end = std::min(path.find('/'), path.size());
        DIGITS_ASSIGN(auto segment, decode(path.substr(0, end), Plus::kItself));
        DIGITS_TRY(check_segment(segment));
        target.path += "/" + segment;
        target.segments.push_back(std::move(segment));
        if (end == path.size()) break;
        path.remove_prefix(end + 1);
    }
    if (question < text.size()) {
        auto query = parse_fields(text.substr(question + 1), kMaxQueryFields);
        if (!query) return fail(std::move(query).error().because("the address"));
        target.query = std::move(*query);
    }
    return target;
}

std::string percent_encode(std::string_view text) {
    constexpr char kHex[] = "0123456789ABCDEF";
    std::string result;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                           c == '_' || c == '.' || c == '~';
        if (plain) {
            result += c;
        } else {
            result += {'%', kHex[byte >> 4], kHex[byte & 15]};
        }
    }
    return result;
}

}  // namespace digits::http
