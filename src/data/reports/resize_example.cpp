#include "data/reports/resize_example.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "data/open_source.hpp"
#include "data/records/datum.hpp"
#include "data/records/record_sink.hpp"
#include "data/sources/files/image_files.hpp"
#include "image/decode.hpp"
#include "image/encode.hpp"

namespace digits {
namespace {

/// Larger records are shown smaller.
constexpr int kMostShown_px = 512;

struct Stored {
    Image image;  ///< as a reader of the record gets it, with the losses of its encoding
    std::uint64_t bytes = 0;
};

Result<Stored> store(Image image, const StorageSpec& storage) {
    DIGITS_ASSIGN(const auto record, pack_record(image, 0, storage));
    if (storage.backend == DatasetBackend::kHdf5) return Stored{std::move(image), record.bytes.size() * sizeof(float)};
    DIGITS_ASSIGN(const auto datum, parse_datum(record.bytes));
    DIGITS_ASSIGN(auto read, datum_image(datum));
    return Stored{std::move(read), record.bytes.size()};
}

}  // namespace

Result<std::string> image_url(const Image& image, int most_side) {
    const int side = std::max(image.width, image.height);
    const auto shrunk = [&](int px) {
        return std::max(1, static_cast<int>(static_cast<std::int64_t>(px) * most_side / side));
    };
    DIGITS_ASSIGN(
        const auto png,
        encode_png(side <= most_side ? image : resize_bilinear(image, shrunk(image.width), shrunk(image.height))));
    return "data:image/png;base64," + encode_base64(png);
}

Result<nlohmann::json> resize_example(const DatasetSpec& spec, const std::string& path, const ScanLimits& limits) {
    auto sample = path.empty() ? example_sample(spec, limits)
                               : ImageReader({}, decode_with_facts, decoding_of(spec.image)).read({path});
    if (!sample) {
        auto error = std::move(sample).error();
        // The image was the caller's choice, not ours.
        if (error.code == ErrorCode::kDataLoss || error.code == ErrorCode::kUnsupported)
            error.code = ErrorCode::kInvalidArgument;
        return fail(std::move(error));
    }
    auto& original = sample->images.front();
    nlohmann::json answer{{"image", sample->name},
                          {"width", original.width},
                          {"height", original.height},
                          {"channels", original.channels},
                          {"modes", nlohmann::json::array()}};
    const auto converted = convert_channels(std::move(original), spec.image.channel_count());
    for (const auto& [mode, name] : EnumNames<ResizeMode>::kNames) {
        if (mode == ResizeMode::kNone) continue;  // nothing to compare
        auto fitted = fit_image(converted, spec.image.width, spec.image.height, mode, spec.seed);
        DIGITS_ASSIGN(const auto stored, store(std::move(fitted), spec.storage));
        DIGITS_ASSIGN(auto data, image_url(stored.image, kMostShown_px));
        answer["modes"].push_back({{"mode", name}, {"bytes", stored.bytes}, {"data", std::move(data)}});
    }
    return answer;
}

}  // namespace digits
