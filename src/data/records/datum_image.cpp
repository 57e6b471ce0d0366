#include "data/records/datum.hpp"
#include "image/decode.hpp"

namespace digits {

// Apart from the rest, so that a program that only looks at records links no decoder.
Result<Image> datum_image(const DatumView& datum) {
    // As Caffe's readers take it: what is in a database is upright already.
    if (datum.encoded) return decode_image(datum.data, {.upright = false});
    return raw_datum_image(datum);
}

Result<Image> sample_image(const DatumView& datum) {
    const bool is_deep = !datum.encoded && datum.data.empty();
    if (is_deep) return deep_datum_image(datum);
    return datum_image(datum);
}

}  // namespace digits
