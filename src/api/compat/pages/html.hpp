#pragma once

#include <string>
#include <string_view>

#include "http/message.hpp"

namespace digits::api::compat {

/// A part of a page, as DIGITS's scripts of the browser fetched it.
http::Response html_fragment(std::string body);
/// A page of its own, without scripts; images from this server or in the page.
http::Response html_page(std::string_view title, std::string_view body);

}  // namespace digits::api::compat
