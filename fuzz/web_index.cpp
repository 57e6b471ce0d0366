// The page that a web server writes for a folder. The first byte chooses the address of the page.

#include "remote/web_index.hpp"

#include <algorithm>
#include <set>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace digits;
    using fuzz::require;
    if (size == 0) return 0;
    const char* page = data[0] & 1 ? "http://host/a%20folder/" : "https://host:8000/";
    const auto index = remote::parse_web_index(fuzz::text_of(data + 1, size - 1), page);
    std::set<std::string> names;
    for (const auto& entry : index.entries) {
        require(!entry.name.empty() && entry.name != "." && entry.name != "..", "a name is one of a file");
        require(entry.name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos,
                "no name leads out of the folder");
        require(!entry.link.empty(), "an entry has a link");
        require(names.insert(entry.name).second, "each entry comes once");
    }
    return 0;
}
