#include "remote/web_index.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "base/utf8.hpp"

namespace digits::remote {
namespace {

constexpr std::size_t kMostName = 1000;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

bool starts_with_word(std::string_view text, std::string_view word) {
    return text.size() >= word.size() &&
           std::ranges::equal(text.substr(0, word.size()), word, {}, [](char c) { return lower(c); });
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char small = lower(c);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/// Of the characters that servers write so: "&amp;", "&#39;", "&#x27;".
std::string unescape_html(std::string_view text) {
    constexpr std::pair<std::string_view, char> kNamed[]{
        {"&amp;", '&'},   {"&lt;", '<'},  {"&gt;", '>'},   {"&quot;", '"'}, {"&apos;", '\''}, {"&#39;", '\''},
        {"&#x27;", '\''}, {"&#34;", '"'}, {"&#x22;", '"'}, {"&#43;", '+'},  {"&#x2b;", '+'}};
    std::string plain;
    while (!text.empty()) {
        const auto* named = std::ranges::find_if(
            kNamed, [&](const auto& one) { return text.front() == '&' && starts_with_word(text, one.first); });
        if (named != std::end(kNamed)) {
            plain += named->second;
            text.remove_prefix(named->first.size());
        } else {
            plain += text.front();
            text.remove_prefix(1);
        }
    }
    return plain;
}

/// None for an invalid escape.
std::optional<std::string> unescape_url(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            plain += text[i];
            continue;
        }
        if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) return std::nullopt;
        plain += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
        i += 2;
    }
    return plain;
}

/// The value of `href` in the text between "<a" and '>'.
std::optional<std::string_view> find_href(std::string_view tag) {
    for (std::size_t at = 0; at + 4 < tag.size(); ++at) {
        if (!is_space(tag[at]) || !starts_with_word(tag.substr(at + 1), "href")) continue;
        auto rest = tag.substr(at + 5);
        while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
        if (!rest.starts_with('=')) continue;
        rest.remove_prefix(1);
        while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
        if (rest.empty()) return std::nullopt;
        const char quote = rest.front();
        if (quote != '"' && quote != '\'') {
            const auto end = std::ranges::find_if(rest, is_space);
            return rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
        }
        const auto end = rest.find(quote, 1);
        if (end == std::string_view::npos) return std::nullopt;
        return rest.substr(1, end - 1);
    }
    return std::nullopt;
}

/// The end of a tag: a '>' outside quotes.
std::size_t tag_end(std::string_view html, std::size_t from) {
    char quote = 0;
    for (; from < html.size(); ++from) {
        const char c = html[from];
        if (quote != 0) {
            if (c == quote) quote = 0;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            return from;
        }
    }
    return html.size();
}

/// "/data/" of "http://host/data/".
std::string_view path_of(std::string_view url) {
    const auto host = url.find("://");
    const auto slash = host == std::string_view::npos ? host : url.find('/', host + 3);
    return slash == std::string_view::npos ? "/" : url.substr(slash);
}

/// What a link adds to its page's address; none where it leads elsewhere.
std::optional<std::string_view> below(std::string_view link, std::string_view page_url) {
    const auto path = path_of(page_url);
    const auto origin = page_url.substr(0, page_url.size() - path.size());
    if (link.find("://") != std::string_view::npos) {
        if (!link.starts_with(origin)) return std::nullopt;
        link.remove_prefix(origin.size());
        if (!link.starts_with('/')) return std::nullopt;
    }
    if (link.starts_with("//")) return std::nullopt;
    if (link.starts_with('/')) {
        if (!link.starts_with(path)) return std::nullopt;
        return link.substr(path.size());
    }
    while (link.starts_with("./")) link.remove_prefix(2);
    return link;
}

bool is_name(std::string_view name) {
    const auto wrong = [](char c) { return c == '/' || c == '\\' || static_cast<unsigned char>(c) < 32 || c == 127; };
    return !name.empty() && name.size() <= kMostName && name != "." && name != ".." &&
           std::ranges::none_of(name, wrong) && is_utf8(name);
}

/// A link to the page itself, another order of it, or a folder above.
bool is_navigation(std::string_view link, std::string_view page_url) {
    if (link.empty() || link.front() == '?' || link.front() == '#' || link == "./" || link == "." || link == ".." ||
        link == "../")
        return true;
    const auto path = path_of(page_url);
    return link.front() == '/' && link.ends_with('/') && path.starts_with(link);
}

}  // namespace

WebIndex parse_web_index(std::string_view html, std::string_view page_url) {
    WebIndex index;
    std::set<std::string> seen;
    for (std::size_t at = 0; (at = html.find('<', at)) != std::string_view::npos;) {
        if (html.substr(at).starts_with("<!--")) {
            at = std::min(html.find("-->", at), html.size());
            continue;
        }
        const auto end = tag_end(html, at);
        const auto tag = html.substr(at, end - at);
        at = end;
        if (tag.size() < 4 || lower(tag[1]) != 'a' || !is_space(tag[2])) continue;
        const auto href = find_href(tag.substr(2));
        if (!href) continue;
        const auto link = unescape_html(*href);
        if (is_navigation(link, page_url)) continue;
        auto rest = below(link, page_url);
        if (rest && (rest->empty() || rest->front() == '?' || rest->front() == '#')) continue;
        const bool is_folder = rest && rest->ends_with('/');
        if (is_folder) rest->remove_suffix(1);
        const bool plain = rest && rest->find_first_of("?#:/") == std::string_view::npos;
        auto name = plain ? unescape_url(*rest) : std::nullopt;
        if (!name || !is_name(*name)) {
            ++index.elsewhere;
            continue;
        }
        if (!seen.insert(*name).second) continue;
        index.entries.push_back({std::move(*name), std::string(*rest), is_folder});
    }
    return index;
}

}  // namespace digits::remote
