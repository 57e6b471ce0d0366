#include "data/sources/files/delimited.hpp"

#include "base/text.hpp"

namespace digits {
namespace {

constexpr int kMostTold = 5;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \r";
    const auto begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

/// The one outside quotes.
char separator_of(std::string_view line) {
    bool quoted = false, semicolon = false;
    for (const char c : line) {
        if (c == '"') quoted = !quoted;
        if (quoted) continue;
        if (c == '\t') return c;
        semicolon = semicolon || c == ';';
    }
    return semicolon ? ';' : ',';
}

}  // namespace

DelimitedLine split_line(std::string_view line, int number) {
    DelimitedLine found{number, separator_of(line), {""}};
    auto& fields = found.fields;
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"') {
            if (quoted && i + 1 < line.size() && line[i + 1] == '"')
                fields.back() += line[i++];
            else
                quoted = !quoted;
        } else if (line[i] == found.separator && !quoted) {
            fields.emplace_back();
        } else {
            fields.back() += line[i];
        }
    }
    for (auto& field : fields) field = std::string(trimmed(field));
    return found;
}

DelimitedText::DelimitedText(std::string_view text) : rest_(without_byte_order_mark(text)) {}

bool DelimitedText::next(DelimitedLine& line) {
    while (!rest_.empty()) {
        const auto end = std::min(rest_.find('\n'), rest_.size());
        const auto text = trimmed(rest_.substr(0, end));
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        ++number_;
        if (text.empty() || text.front() == '#') continue;
        line = split_line(text, number_);
        return true;
    }
    return false;
}

void LineWarnings::add(int line, std::string_view reason) {
    if (++count_ <= kMostTold) warnings_.push_back(fmt::format("{}:{}: {}", file_, line, reason));
}

std::vector<std::string> LineWarnings::finish() {
    if (count_ > kMostTold)
        warnings_.push_back(fmt::format("{}: {} more lines are left out", file_, count_ - kMostTold));
    return std::move(warnings_);
}

}  // namespace digits
