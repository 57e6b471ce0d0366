#pragma once

#include <string>
#include <string_view>

#include "base/utf8.hpp"

namespace digits::http {

std::string_view trim(std::string_view text);
std::string lower_case(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);
/// Without control characters: what a header's value or a log line may have.
std::string printable(std::string_view text);
/// The value of `name` in `form-data; name="x"; filename="y"`; empty when absent.
std::string header_parameter(std::string_view header, std::string_view name);
/// The value of a cookie in a Cookie header; empty when absent.
std::string cookie_value(std::string_view header, std::string_view name);
/// True when `codings` (an Accept-Encoding) allows gzip.
bool accepts_gzip(std::string_view codings);
using digits::is_utf8;

}  // namespace digits::http
