#include "data/exports/dataset_reader.hpp"

#include <algorithm>

#include "base/npy.hpp"
#include "data/exports/export_spec.hpp"
#include "data/records/record_heads.hpp"
#include "data/records/record_reader.hpp"
#include "data/records/target_codec.hpp"
#include "data/sources/files/split_list.hpp"
#include "data/target_database.hpp"
#include "image/encode.hpp"
#include "image/formats.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

std::string_view ending_of(std::string_view bytes) {
    const auto& format = format_info(sniff_image(bytes));
    return format.endings.empty() ? std::string_view(".bin") : format.endings.front();
}

Result<ImageFileBytes> png_of(const Image& image) {
    DIGITS_ASSIGN(auto bytes, encode_png(image));
    return ImageFileBytes{std::move(bytes), ".png"};
}

/// The floats of a deep image, height x width x channels.
ImageFileBytes npy_of(const Image& image) {
    std::vector<std::int64_t> shape{image.height, image.width};
    if (image.channels != 1) shape.push_back(image.channels);
    auto bytes = npy_header("<f4", shape);
    bytes.append(reinterpret_cast<const char*>(image.values.data()), image.values.size() * sizeof(float));
    return {std::move(bytes), ".npy"};
}

/// An encoded record keeps its bytes.
Result<ImageFileBytes> file_of(const DatumView& datum) {
    if (datum.encoded) return ImageFileBytes{std::string(datum.data), ending_of(datum.data)};
    if (datum.data.empty()) return npy_of(deep_datum_image(datum));
    DIGITS_ASSIGN(const auto image, raw_datum_image(datum));
    return png_of(image);
}

/// The images of a record for siamese networks, one behind the other.
Status split_pair(const DatumView& datum, StoredSample& sample) {
    DIGITS_ASSIGN(const auto pair, pair_images(datum));
    DIGITS_ASSIGN(sample.image, png_of(pair.first));
    DIGITS_ASSIGN(sample.second_image, png_of(pair.second));
    return {};
}

/// The names of a split's samples, where its list fits its records.
class Names {
  public:
    void read(const fs::path& list, const std::string& split, std::uint64_t count) {
        list_ = SplitList::read(list, split);
        fits_ = list_.size() == count;
    }
    std::string at(std::uint64_t index) const {
        return fits_ ? std::string(list_.path(static_cast<std::size_t>(index))) : std::string();
    }

  private:
    SplitList list_;
    bool fits_ = false;
};

class RecordsReader final : public DatasetReader {
  public:
    RecordsReader(fs::path folder, const DatasetFacts& facts) : folder_(std::move(folder)), facts_(facts) {}

    Status open() {
        for (const Split split : kSplits) {
            const auto* facts = facts_.find_split(enum_name(split));
            if (!facts) continue;
            auto& part = at(split);
            part.images = folder_ / facts->db;
            DIGITS_TRY(list_keys(part.images, part.keys));
            if (const auto targets = target_database(facts_, *facts)) {
                part.labels = folder_ / *targets;
                DIGITS_TRY(list_keys(part.labels, part.label_keys));
                if (part.label_keys.size() != part.keys.size())
                    return fail(make_error(ErrorCode::kDataLoss, "{} targets for {} images", part.label_keys.size(),
                                           part.keys.size())
                                    .at(part.labels.string()));
            }
            part.names.read(folder_ / facts->list, std::string(enum_name(split)), part.keys.size());
        }
        return {};
    }
    std::uint64_t size(Split split) const override { return at(split).keys.size(); }
    std::string name(Split split, std::uint64_t index) const override { return at(split).names.at(index); }
    Result<StoredSample> get(Split split, std::uint64_t index) const override {
        const auto& part = at(split);
        // A reader a call: it is a cursor of a database that stays open, and readers are for one thread each.
        DIGITS_ASSIGN(auto records, RecordReader::open(part.images));
        DIGITS_ASSIGN(const auto record, records.find(part.keys[index]));
        StoredSample sample;
        sample.name = part.names.at(index);
        if (facts_.images_per_record() == 2 && record.datum.channels == 2 * facts_.image.channel_count()) {
            DIGITS_TRY(split_pair(record.datum, sample));
        } else {
            DIGITS_ASSIGN(sample.image, file_of(record.datum));
        }
        sample.width = record.datum.width;
        sample.height = record.datum.height;
        sample.channels = record.datum.channels;
        if (record.datum.encoded && (sample.width <= 0 || sample.height <= 0 || sample.channels <= 0)) {
            DIGITS_ASSIGN(const auto image, datum_image(record.datum));
            sample.width = image.width;
            sample.height = image.height;
            sample.channels = image.channels;
        }
        if (part.label_keys.empty()) {
            sample.target = ClassLabel{record.datum.label};
            return sample;
        }
        DIGITS_ASSIGN(auto targets, RecordReader::open(part.labels));
        DIGITS_ASSIGN(const auto target, targets.find(part.label_keys[index]));
        DIGITS_ASSIGN(sample.target, unpack_target(target.datum, facts_.target));
        if (auto* tensor = std::get_if<Tensor>(&sample.target)) tensor->shape = facts_.target_shape;
        if (facts_.target == TargetKind::kImage) {
            DIGITS_ASSIGN(sample.target_image, file_of(target.datum));
        }
        return sample;
    }

  private:
    struct Part {
        fs::path images, labels;
        std::vector<std::string> keys, label_keys;
        Names names;
    };
    Part& at(Split split) { return parts_[static_cast<std::size_t>(split)]; }
    const Part& at(Split split) const { return parts_[static_cast<std::size_t>(split)]; }

    Status list_keys(const fs::path& database, std::vector<std::string>& keys) {
        DIGITS_ASSIGN(auto opened, RecordDatabase::open(database));
        DIGITS_ASSIGN(auto heads, record_heads(*opened));
        keys.reserve(heads.size());
        for (auto& head : heads) keys.push_back(std::move(head.key));
        open_.push_back(std::move(opened));
        return {};
    }

    fs::path folder_;
    const DatasetFacts& facts_;
    std::array<Part, 3> parts_;  ///< by Split
    std::vector<std::shared_ptr<RecordDatabase>> open_;
};

}  // namespace

Result<std::unique_ptr<DatasetReader>> DatasetReader::open(const fs::path& folder, const DatasetFacts& facts) {
    auto reader = std::make_unique<RecordsReader>(folder, facts);
    DIGITS_TRY(reader->open());
    return reader;
}

}  // namespace digits
