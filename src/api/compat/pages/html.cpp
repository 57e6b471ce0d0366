#include "api/compat/pages/html.hpp"

#include <fmt/format.h>

#include "base/markup.hpp"

namespace digits::api::compat {

http::Response html_fragment(std::string body) {
    return http::Response::bytes(200, "text/html; charset=utf-8", std::move(body));
}

http::Response html_page(std::string_view title, std::string_view body) {
    auto page = html_fragment(fmt::format(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{0}</title><h1>{0}</h1>{1}</html>\n",
        escape_markup(title), body));
    page.set_header("Content-Security-Policy",
                    "default-src 'none'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'");
    return page;
}

}  // namespace digits::api::compat
