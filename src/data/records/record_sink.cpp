#include "data/records/record_sink.hpp"

#include "data/records/databases/lmdb.hpp"
#include "data/records/datum.hpp"
#include "image/encode.hpp"

namespace digits {
namespace {

constexpr int kJpegQuality = 90;

class LmdbSink : public RecordSink {
  public:
    explicit LmdbSink(LmdbWriter writer) : writer_(std::move(writer)) {}
    Status put(PackedRecord record) override {
        return writer_.put(fmt::format("{:08}_{}", count_++, record.label), std::move(record.bytes));
    }
    Status finish() override { return writer_.finish(); }

  private:
    LmdbWriter writer_;
    std::uint64_t count_ = 0;
};

class LmdbSinkWithTargets : public RecordSink {
  public:
    LmdbSinkWithTargets(LmdbWriter images, LmdbWriter targets)
        : images_(std::move(images)), targets_(std::move(targets)) {}
    Status put(PackedRecord record) override {
        const auto key = fmt::format("{:08}_{}", count_++, record.label);
        DIGITS_TRY(targets_.put(key, std::move(record.target_bytes)));
        return images_.put(key, std::move(record.bytes));
    }
    Status finish() override {
        DIGITS_TRY(targets_.finish());
        return images_.finish();
    }

  private:
    LmdbWriter images_;
    LmdbWriter targets_;
    std::uint64_t count_ = 0;
};

/// Interleaved to planes, keeping R, G, B.
std::string rgb_planes(const Image& image) {
    std::string planes(image.pixels.size(), '\0');
    const auto channels = static_cast<std::size_t>(image.channels);
    const std::size_t count = image.pixels.size() / channels;
    for (std::size_t c = 0; c < channels; ++c)
        for (std::size_t i = 0; i < count; ++i)
            planes[c * count + i] = static_cast<char>(image.pixels[i * channels + c]);
    return planes;
}

}  // namespace

Result<PackedRecord> pack_record(const Image& image, int label, const StorageSpec& storage) {
    if (image.is_deep()) {
        std::vector<float> planes(image.values.size());
        to_planar_bgr(image, planes.data());
        return PackedRecord{float_datum({image.channels, image.height, image.width}, planes, label), label, {}, {}};
    }
    const bool is_pair = image.channels != 1 && image.channels != 3;
    if (is_pair) return PackedRecord{raw_datum(image, label), label, {}, {}};
    if (storage.backend == DatasetBackend::kHdf5) return PackedRecord{rgb_planes(image), label, {}, {}};
    if (storage.encoding == RecordEncoding::kNone) return PackedRecord{raw_datum(image, label), label, {}, {}};
    const bool png = storage.encoding == RecordEncoding::kPng;
    DIGITS_ASSIGN(const auto file, png ? encode_png(image) : encode_jpeg(image, kJpegQuality));
    return PackedRecord{encoded_datum(image, file, label), label, {}, {}};
}

Result<std::unique_ptr<RecordSink>> sink::create_lmdb(const std::filesystem::path& folder) {
    DIGITS_ASSIGN(auto writer, LmdbWriter::create(folder));
    return std::make_unique<LmdbSink>(std::move(writer));
}

Result<std::unique_ptr<RecordSink>> sink::create_lmdb_with_targets(const std::filesystem::path& folder,
                                                                   const std::filesystem::path& label_folder) {
    DIGITS_ASSIGN(auto images, LmdbWriter::create(folder));
    DIGITS_ASSIGN(auto targets, LmdbWriter::create(label_folder));
    return std::make_unique<LmdbSinkWithTargets>(std::move(images), std::move(targets));
}

Result<std::unique_ptr<RecordSink>> create_record_sink(const RecordSinkOptions& options, const ImageSpec& image,
                                                       const StorageSpec& storage) {
    if (storage.backend == DatasetBackend::kHdf5)
        return sink::create_hdf5(options.folder, image, storage.compression, options.list_prefix,
                                 std::uint64_t{1} << 31, options.target_shape);
    if (!options.label_folder.empty()) return sink::create_lmdb_with_targets(options.folder, options.label_folder);
    return sink::create_lmdb(options.folder);
}

}  // namespace digits
