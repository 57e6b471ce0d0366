#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace digits::remote {

/// What a page lists that a web server writes for a folder: Apache's, nginx's, that of Python's http.server and alike.
struct WebIndex {
    struct Entry {
        std::string name;  ///< as a file system has it, of one folder or file directly in the page's folder
        std::string link;  ///< as an address has it, without the slash of a folder
        bool is_folder = false;
        bool operator==(const Entry&) const = default;
    };
    std::vector<Entry> entries;  ///< in the page's order, each once
    std::size_t elsewhere = 0;   ///< links to other places, beside the parent folder and other orders of this page
};

/// `page_url` ends with '/'. Nothing that a page says leads out of its folder.
WebIndex parse_web_index(std::string_view html, std::string_view page_url);

}  // namespace digits::remote
