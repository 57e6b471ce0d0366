// What a bucket lists, and the address of one.

#include "remote/s3_listing.hpp"

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace digits;
    const auto text = fuzz::text_of(data, size);
    fuzz::require_sentence(remote::parse_s3_listing(text, "s3://bucket/"));
    const auto place = remote::parse_s3_url(std::string(text));
    fuzz::require_sentence(place);
    if (place) fuzz::require(!place->bucket.empty(), "a bucket has a name");
    return 0;
}
