// Pieces of a request's head: the target and the values of headers.

#include "fuzz.hpp"
#include "http/header_text.hpp"
#include "http/origin.hpp"
#include "http/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace digits;
    using fuzz::require;
    const auto text = fuzz::text_of(data, size);
    const auto target = http::parse_target(text);
    fuzz::require_sentence(target);
    if (target) {
        for (const auto& segment : target->segments) {
            require(segment != "." && segment != ".." && is_utf8(segment), "no segment leads elsewhere");
            require(segment.find('\0') == std::string::npos, "no segment ends early");
            const auto again = http::parse_target("/" + http::percent_encode(segment));
            require(again && (segment.empty() || again->segments.back() == segment), "what is encoded is decoded");
        }
    }
    const auto fields = http::parse_fields(text, 50);
    fuzz::require_sentence(fields);
    require(!fields || fields->size() <= 50, "the limit of fields holds");
    for (const char c : http::printable(text))
        require(static_cast<unsigned char>(c) >= 0x20, "a log line has no controls");
    (void)http::header_parameter(text, "name");
    (void)http::header_parameter(text, "filename");
    (void)http::cookie_value(text, "session");
    (void)http::accepts_gzip(text);
    fuzz::require_sentence(http::check_host(text, {.names = {"digits.example"}}));
    fuzz::require_sentence(http::check_origin({.host = "localhost", .origin = text}, true));
    fuzz::require_sentence(http::check_origin({.host = text, .origin = "http://localhost", .referer = text}, true));
    return 0;
}
