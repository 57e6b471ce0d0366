// The body of a form. The first line is the Content-Type; the body comes in pieces of as many bytes as the first
// character of the input says.

#include "http/multipart.hpp"

#include <algorithm>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace digits;
    static const fuzz::Folder folder;
    const auto input = fuzz::text_of(data, size);
    const auto end = input.find('\n');
    if (size == 0 || end == std::string_view::npos) return -1;
    constexpr int kMostParts = 20;
    auto reader = http::MultipartReader::create(input.substr(1, end - 1), folder.path(), kMostParts, 4096);
    fuzz::require_sentence(reader);
    if (!reader) return 0;
    const std::size_t piece = 1 + data[0];
    for (auto body = input.substr(end + 1); !body.empty(); body.remove_prefix(std::min(piece, body.size())))
        if (const auto fed = reader->feed(body.substr(0, piece)); !fed) {
            fuzz::require_sentence(fed);
            return 0;
        }
    const auto parts = reader->finish();
    fuzz::require_sentence(parts);
    if (parts) fuzz::require(parts->size() <= kMostParts, "the limit of parts holds");
    return 0;
}
