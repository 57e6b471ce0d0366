// A file of numpy's with numbers of classes.

#include "base/npy.hpp"

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace digits;
    const auto bytes = fuzz::text_of(data, size);
    const auto header = parse_npy_header(bytes);
    fuzz::require_sentence(header);
    if (header) fuzz::require(header->data <= bytes.size() && header->count() >= 0, "the values are in the file");
    const auto integers = parse_npy_integers(bytes);
    fuzz::require_sentence(integers);
    if (!integers) return 0;
    std::int64_t count = 1;
    for (const auto axis : integers->shape) count *= axis;
    fuzz::require(count == static_cast<std::int64_t>(integers->values.size()), "the values fill the shape");
    return 0;
}
