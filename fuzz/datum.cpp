// The bytes of a record.

#include "data/records/datum.hpp"

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace digits;
    const auto record = fuzz::text_of(data, size);
    const auto datum = parse_datum(record);
    fuzz::require_sentence(datum);
    if (!datum) return 0;
    if (datum->float_count > 0) {
        std::vector<float> values(datum->float_count);
        copy_float_data(*datum, values.data());
    }
    if (datum->encoded) return 0;
    const auto image = raw_datum_image(*datum);
    fuzz::require_sentence(image);
    if (image)
        fuzz::require(image->pixels.size() == image->row_bytes() * static_cast<std::size_t>(image->height),
                      "the samples fill the size");
    return 0;
}
