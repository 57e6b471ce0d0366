#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/npy.hpp"
#include "image/codecs.hpp"

namespace digits::codec {
namespace {

constexpr std::size_t kMostHeader = 4096;
constexpr std::int64_t kMostChannels = 64;

template <class From, class To>
void copy_samples(std::string_view data, bool swaps, std::uint8_t* out) {
    for (std::size_t i = 0; i < data.size() / sizeof(From); ++i) {
        char bytes[sizeof(From)];
        std::memcpy(bytes, data.data() + i * sizeof(From), sizeof(From));
        if (swaps) std::reverse(std::begin(bytes), std::end(bytes));
        From value;
        std::memcpy(&value, bytes, sizeof(From));
        const auto sample = static_cast<To>(value);
        std::memcpy(out + i * sizeof(To), &sample, sizeof(To));
    }
}

/// How a type of numpy's is read.
struct NpyType {
    std::string_view name;  ///< without the byte order
    SampleType type;
    int bits;
    bool floating;
    void (*copy)(std::string_view data, bool swaps, std::uint8_t* out);
};
constexpr NpyType kTypes[]{
    {"u1", SampleType::kU8, 8, false, copy_samples<std::uint8_t, std::uint8_t>},
    {"b1", SampleType::kU8, 8, false, copy_samples<std::uint8_t, std::uint8_t>},
    {"i1", SampleType::kF32, 8, true, copy_samples<std::int8_t, float>},
    {"u2", SampleType::kU16, 16, false, copy_samples<std::uint16_t, std::uint16_t>},
    {"i2", SampleType::kF32, 16, true, copy_samples<std::int16_t, float>},
    {"u4", SampleType::kF32, 32, true, copy_samples<std::uint32_t, float>},
    {"i4", SampleType::kF32, 32, true, copy_samples<std::int32_t, float>},
    {"f4", SampleType::kF32, 32, true, copy_samples<float, float>},
    {"f8", SampleType::kF32, 64, true, copy_samples<double, float>},
};

}  // namespace

// An array of height x width, or of height x width x channels.
Status decode_npy(std::string_view bytes, const DecodeLimits& limits, Raster& out) {
    const auto byte = [&](std::size_t at) { return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0u; };
    if ((byte(8) | byte(9) << 8) > kMostHeader)
        return fail(ErrorCode::kDataLoss, "damaged .npy: the header is too long");
    DIGITS_ASSIGN(const auto header, parse_npy_header(bytes));
    const auto* type = std::ranges::find(kTypes, std::string_view(header.type).substr(1), &NpyType::name);
    if (type == std::end(kTypes))
        return fail(ErrorCode::kUnsupported, "an array must have whole numbers or floats; got the type {}",
                    header.type);
    const auto& shape = header.shape;
    const auto channels = shape.size() == 3 ? shape[2] : 1;
    if ((shape.size() != 2 && shape.size() != 3) || channels < 1 || channels > kMostChannels)
        return fail(ErrorCode::kUnsupported,
                    "the number of axes of the array is {}; it must be height x width, or height x width x channels of "
                    "at most {}",
                    shape.size(), kMostChannels);
    DIGITS_TRY(reset(out, shape[1], shape[0], static_cast<int>(channels), type->type, limits));
    out.colours = channels == 1 ? ColourModel::kGrey : channels == 3 ? ColourModel::kRgb : ColourModel::kOther;
    out.alpha = Alpha::kNone;
    out.bits = type->bits;
    out.floating = type->floating;
    out.white = type->floating ? 0 : std::exp2(type->bits) - 1;
    const bool big = header.type[0] == '>';
    type->copy(bytes.substr(header.data), big != (std::endian::native == std::endian::big), out.samples.data());
    return {};
}

}  // namespace digits::codec
