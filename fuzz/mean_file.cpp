// The bytes of a mean image.

#include "data/records/mean.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace digits;
    static const fuzz::Folder folder;
    const auto mean = read_mean_file(folder.write("mean.binaryproto", fuzz::text_of(data, size)));
    fuzz::require_sentence(mean);
    if (!mean) return 0;
    fuzz::require(mean->channels > 0 && mean->height > 0 && mean->width > 0, "a mean has a size");
    fuzz::require(mean->values.size() == static_cast<std::size_t>(mean->channels) *
                                             static_cast<std::size_t>(mean->height) *
                                             static_cast<std::size_t>(mean->width),
                  "the values fill the size");
    fuzz::require(mean_pixel(*mean).size() == static_cast<std::size_t>(mean->channels),
                  "a mean pixel has a value a channel");
    return 0;
}
