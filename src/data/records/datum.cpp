#include "data/records/datum.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/check.hpp"
#include "image/stack.hpp"

namespace digits {
namespace {

// Field numbers of caffe.Datum.
enum Field { kChannels = 1, kHeight = 2, kWidth = 3, kData = 4, kLabel = 5, kFloatData = 6, kEncoded = 7 };
enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

/// Walks over the fields of a message without copying.
class WireReader {
  public:
    explicit WireReader(std::string_view bytes)
        : at_(reinterpret_cast<const std::uint8_t*>(bytes.data())), end_(at_ + bytes.size()) {}

    bool done() const { return at_ == end_; }
    bool varint(std::uint64_t& value) {
        value = 0;
        for (int shift = 0; shift < 64 && at_ < end_; shift += 7) {
            const std::uint8_t byte = *at_++;
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) return true;
        }
        return false;
    }
    bool take(std::size_t size, std::string_view& bytes) {
        if (size > static_cast<std::size_t>(end_ - at_)) return false;
        bytes = {reinterpret_cast<const char*>(at_), size};
        at_ += size;
        return true;
    }
    /// The payload: a number for varints, bytes for everything else.
    bool field(int& number, int& type, std::uint64_t& value, std::string_view& bytes) {
        std::uint64_t tag = 0;
        if (!varint(tag)) return false;
        number = static_cast<int>(tag >> 3);
        type = static_cast<int>(tag & 7);
        switch (type) {
            case kVarint: return varint(value);
            case kFixed64: return take(8, bytes);
            case kFixed32: return take(4, bytes);
            case kBytes: return varint(value) && take(value, bytes);
            default: return false;
        }
    }

  private:
    const std::uint8_t* at_;
    const std::uint8_t* end_;
};

/// Calls `use(bytes)` with each run of float_data, packed or one by one.
template <class Use>
bool walk_datum(std::string_view record, DatumView& datum, Use use) {
    WireReader reader(record);
    while (!reader.done()) {
        int number = 0;
        int type = 0;
        std::uint64_t value = 0;
        std::string_view bytes;
        if (!reader.field(number, type, value, bytes)) return false;
        if (type == kVarint) {
            const int n = static_cast<int>(value);
            if (number == kChannels) datum.channels = n;
            if (number == kHeight) datum.height = n;
            if (number == kWidth) datum.width = n;
            if (number == kLabel) datum.label = n;
            if (number == kEncoded) datum.encoded = value != 0;
        } else if (number == kData && type == kBytes) {
            datum.data = bytes;
        } else if (number == kFloatData && (type == kFixed32 || type == kBytes)) {
            use(bytes);
        }
    }
    return true;
}

void append_varint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
    out.push_back(static_cast<char>(value));
}

void append_int(std::string& out, Field field, int value) {
    append_varint(out, static_cast<std::uint64_t>(field) << 3 | kVarint);
    append_varint(out, static_cast<std::uint64_t>(static_cast<std::int64_t>(value)));
}

/// The fields before and with the header of `data`, which has `size` bytes.
std::string datum_start(const Image& image, std::size_t size) {
    std::string out;
    out.reserve(size + 48);
    append_int(out, kChannels, image.channels);
    append_int(out, kHeight, image.height);
    append_int(out, kWidth, image.width);
    append_varint(out, static_cast<std::uint64_t>(kData) << 3 | kBytes);
    append_varint(out, size);
    return out;
}

}  // namespace

Result<DatumView> parse_datum(std::string_view record) {
    DatumView datum;
    datum.record = record;
    std::size_t float_bytes = 0;
    if (!walk_datum(record, datum, [&](std::string_view bytes) { float_bytes += bytes.size(); }))
        return fail(ErrorCode::kDataLoss, "the record is not a Datum ({} bytes)", record.size());
    datum.float_count = float_bytes / sizeof(float);
    if (datum.encoded) {
        if (datum.data.empty()) return fail(ErrorCode::kDataLoss, "the datum is encoded but has no data");
        return datum;
    }
    constexpr int kMost = 1 << 20;
    const bool sane = datum.channels > 0 && datum.height > 0 && datum.width > 0 && datum.channels < kMost &&
                      datum.height < kMost && datum.width < kMost;
    const std::size_t samples = datum.data.empty() ? datum.float_count : datum.data.size();
    if (!sane || samples != datum.sample_count())
        return fail(ErrorCode::kDataLoss, "the datum has {} samples for {} channels of {} x {}", samples,
                    datum.channels, datum.width, datum.height);
    return datum;
}

void copy_float_data(const DatumView& datum, float* out) {
    DatumView ignored;
    char* to = reinterpret_cast<char*>(out);
    std::size_t room = datum.float_count * sizeof(float);
    walk_datum(datum.record, ignored, [&](std::string_view bytes) {
        const std::size_t n = std::min(bytes.size(), room);
        std::memcpy(to, bytes.data(), n);
        to += n;
        room -= n;
    });
}

Result<Image> raw_datum_image(const DatumView& datum) {
    if (datum.channels != 1 && datum.channels != 3)
        return fail(ErrorCode::kUnsupported, "a datum of {} channels cannot be shown; it must have 1 or 3",
                    datum.channels);
    std::vector<std::uint8_t> planes;
    const auto* samples = reinterpret_cast<const std::uint8_t*>(datum.data.data());
    if (datum.data.empty()) {
        std::vector<float> values(datum.float_count);
        copy_float_data(datum, values.data());
        planes.reserve(values.size());
        for (const float value : values)
            planes.push_back(static_cast<std::uint8_t>(std::isnan(value) ? 0 : std::clamp(value, 0.0f, 255.0f)));
        samples = planes.data();
    }
    return from_planar_bgr(samples, datum.width, datum.height, datum.channels);
}

Result<std::pair<Image, Image>> pair_images(const DatumView& datum) {
    const bool is_pair = !datum.encoded && !datum.data.empty() && (datum.channels == 2 || datum.channels == 6);
    if (!is_pair)
        return fail(ErrorCode::kDataLoss, "the record has {} channels; two images have 2 or 6", datum.channels);
    return unstack_planes(reinterpret_cast<const std::uint8_t*>(datum.data.data()), datum.width, datum.height,
                          datum.channels);
}

Result<Image> shown_raw_image(const DatumView& datum) {
    if (datum.data.empty()) return shown_image(deep_datum_image(datum));
    if (datum.channels != 2 && datum.channels != 6) return raw_datum_image(datum);
    DIGITS_ASSIGN(const auto pair, pair_images(datum));
    return beside(pair.first, pair.second);
}

Image deep_datum_image(const DatumView& datum) {
    std::vector<float> values(datum.float_count);
    copy_float_data(datum, values.data());
    return deep_from_planar_bgr(values.data(), datum.width, datum.height, datum.channels);
}

std::string raw_datum(const Image& image, int label) {
    const std::size_t size = image.pixels.size();
    auto out = datum_start(image, size);
    const std::size_t start = out.size();
    out.resize(start + size);
    to_planar_bgr(image, reinterpret_cast<std::uint8_t*>(out.data() + start));
    append_int(out, kLabel, label);
    return out;
}

std::string encoded_datum(const Image& image, std::string_view file, int label) {
    auto out = datum_start(image, file.size());
    out.append(file);
    append_int(out, kLabel, label);
    append_int(out, kEncoded, 1);
    return out;
}

std::string float_datum(const std::vector<int>& shape, const std::vector<float>& values, int label) {
    DIGITS_CHECK(shape.size() <= 3);
    std::array<int, 3> axes{1, 1, 1};
    std::ranges::copy_backward(shape, axes.end());
    std::string out;
    out.reserve(values.size() * (1 + sizeof(float)) + 24);
    append_int(out, kChannels, axes[0]);
    append_int(out, kHeight, axes[1]);
    append_int(out, kWidth, axes[2]);
    append_int(out, kLabel, label);
    for (const float value : values) {
        append_varint(out, static_cast<std::uint64_t>(kFloatData) << 3 | kFixed32);
        char bytes[sizeof value];
        std::memcpy(bytes, &value, sizeof value);
        out.append(bytes, sizeof bytes);
    }
    return out;
}

}  // namespace digits
