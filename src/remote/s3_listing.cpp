#include "remote/s3_listing.hpp"

#include <pugixml.hpp>

namespace digits::remote {
namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// As S3 escapes keys in a listing: '+' is a space.
std::string unescape_key(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escaped =
            text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
        if (escaped) {
            plain += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else {
            plain += text[i] == '+' ? ' ' : text[i];
        }
    }
    return plain;
}

}  // namespace

Result<S3ListingPage> parse_s3_listing(std::string_view text, const std::string& place) {
    pugi::xml_document document;
    if (!document.load_buffer(text.data(), text.size()))
        return fail(make_error(ErrorCode::kDataLoss, "the listing is not XML").at(place));
    const auto result = document.child("ListBucketResult");
    if (!result) return fail(make_error(ErrorCode::kDataLoss, "the answer is not a listing of a bucket").at(place));
    const bool escaped = std::string_view(result.child_value("EncodingType")) == "url";
    S3ListingPage page;
    for (const auto contents : result.children("Contents")) {
        const std::string_view key = contents.child_value("Key");
        page.objects.push_back(
            {escaped ? unescape_key(key) : std::string(key), contents.child("Size").text().as_ullong()});
    }
    if (std::string_view(result.child_value("IsTruncated")) != "true") return page;
    page.next = result.child_value("NextContinuationToken");
    if (page.next.empty())
        return fail(make_error(ErrorCode::kDataLoss, "the listing breaks off: it tells no place to go on").at(place));
    return page;
}

}  // namespace digits::remote
