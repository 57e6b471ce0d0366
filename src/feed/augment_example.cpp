#include "feed/augment_example.hpp"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/records/record_reader.hpp"
#include "data/reports/resize_example.hpp"
#include "feed/augmenter.hpp"
#include "feed/box_records.hpp"
#include "feed/transformer.hpp"

namespace digits {
namespace {

using nlohmann::json;

constexpr int kMostShown_px = 256;
constexpr float kGrey = 128;

/// Records of a database in any order.
class AnyRecord {
  public:
    static Result<AnyRecord> open(const std::filesystem::path& folder) {
        DIGITS_ASSIGN(auto reader, RecordReader::open(folder));
        return AnyRecord(std::move(reader));
    }
    std::uint64_t count() const { return reader_.count(); }
    Result<RecordReader::Record> at(std::uint64_t number) {
        RecordReader::Record found;
        reader_.rewind();
        DIGITS_TRY(reader_.skip(number));
        DIGITS_TRY(reader_.next(found));
        return found;
    }
    Result<RecordReader::Record> find(std::string_view key) { return reader_.find(key); }

  private:
    explicit AnyRecord(RecordReader reader) : reader_(std::move(reader)) {}
    RecordReader reader_;
};

std::vector<std::uint8_t> planes_of(const Image& image) {
    std::vector<std::uint8_t> planes(image.pixels.size());
    to_planar_bgr(image, planes.data());
    return planes;
}

json box_list(const float* rows, int width, int height) {
    auto boxes = json::array();
    for (int i = 1; i <= static_cast<int>(rows[0]); ++i) {
        const float* box = rows + i * kBoxArrayColumns;
        boxes.push_back({{"class", static_cast<int>(box[5])},
                         {"left", box[0]},
                         {"top", box[1]},
                         {"right", box[0] + box[2]},
                         {"bottom", box[1] + box[3]}});
    }
    return {{"width", width}, {"height", height}, {"boxes", std::move(boxes)}};
}

/// Crop and mirror alone: classes and edges are not brightness.
caffe::TransformationParameter places_of(const caffe::TransformationParameter& transform) {
    caffe::TransformationParameter places;
    if (transform.crop_size() > 0) places.set_crop_size(transform.crop_size());
    if (transform.mirror()) places.set_mirror(true);
    return places;
}

class Example {
  public:
    explicit Example(const AugmentExampleOptions& options)
        : options_(options), subtracts_(options.transform.has_mean_file() || options.transform.mean_value_size() > 0) {}

    Result<json> show() {
        DIGITS_ASSIGN(images_, AnyRecord::open(options_.database));
        const auto count = images_->count();
        if (count == 0)
            return fail(ErrorCode::kInvalidArgument, "the database {} has no records", options_.database.string());
        if (!options_.targets.empty()) DIGITS_TRY(open_targets());
        const auto wanted = std::min<std::uint64_t>(count, static_cast<std::uint64_t>(options_.images));
        json answer{{"width", 0}, {"height", 0}, {"images", json::array()}};
        for (std::uint64_t i = 0; i < wanted; ++i) {
            const auto record = i * count / wanted;
            DIGITS_ASSIGN(const auto found, images_->at(record));
            DIGITS_ASSIGN(const auto image, datum_image(found.datum));
            DIGITS_ASSIGN(auto entry, show_one(image, record, answer));
            entry["label"] = found.datum.label;
            if (targets_) DIGITS_TRY(add_targets(image, std::string(found.key), record, entry));
            answer["images"].push_back(std::move(entry));
        }
        return answer;
    }

  private:
    std::uint64_t index_of(int epoch, std::uint64_t record) const {
        return static_cast<std::uint64_t>(epoch) * images_->count() + record;
    }

    Status open_targets() {
        DIGITS_ASSIGN(targets_, AnyRecord::open(options_.targets));
        if (options_.target_records != FeedRecords::kBoxes) return {};
        FeedOptions options;
        options.records = FeedRecords::kBoxes;
        options.source = options_.targets;
        options.images = options_.database;
        options.transform = places_of(options_.transform);
        options.augmentation = only_geometry(options_.augmentation);
        options.seed = options_.seed;
        DIGITS_ASSIGN(const auto first, targets_->at(0));
        DIGITS_ASSIGN(boxes_, BoxRecords::create(options, first.datum, images_->count()));
        return {};
    }

    Result<json> show_one(const Image& image, std::uint64_t record, json& answer) {
        DIGITS_ASSIGN(const auto augmenter, Augmenter::create(options_.augmentation, options_.seed, image.channels,
                                                              image.height, image.width, images_->count()));
        DIGITS_ASSIGN(const auto transformer, Transformer::create(options_.transform, caffe::TRAIN, options_.seed,
                                                                  image.channels, image.height, image.width));
        answer["width"] = transformer.width();
        answer["height"] = transformer.height();
        const auto planes = planes_of(image);
        DIGITS_ASSIGN(auto original, image_url(image, kMostShown_px));
        json entry{{"record", record}, {"original", std::move(original)}, {"variants", json::array()}};
        Augmenter::Scratch scratch;
        std::vector<float> values(static_cast<std::size_t>(transformer.channels()) *
                                  static_cast<std::size_t>(transformer.height()) *
                                  static_cast<std::size_t>(transformer.width()));
        std::vector<std::uint8_t> other;
        const auto others = [&](std::uint64_t number) -> Result<const std::uint8_t*> {
            DIGITS_ASSIGN(const auto found, images_->at(number));
            DIGITS_ASSIGN(const auto part, datum_image(found.datum));
            if (part.width != image.width || part.height != image.height || part.channels != image.channels)
                return fail(make_error(ErrorCode::kUnsupported, "a mosaic takes images of one size")
                                .advise("Set mosaic to 0, or make the dataset with images of one size"));
            other = planes_of(part);
            return other.data();
        };
        for (int epoch = 0; epoch < options_.variants; ++epoch) {
            const auto index = index_of(epoch, record);
            DIGITS_ASSIGN(const auto* varied, augmenter.apply(planes.data(), index, scratch, others));
            transformer.apply(varied, index, values.data());
            DIGITS_ASSIGN(auto url, image_url(seen(values, transformer), kMostShown_px));
            entry["variants"].push_back(std::move(url));
        }
        return entry;
    }

    Status add_targets(const Image& image, const std::string& key, std::uint64_t record, json& entry) {
        DIGITS_ASSIGN(const auto target, targets_->find(key));
        entry["variant_targets"] = json::array();
        if (!boxes_) return add_masks(image, target.datum, record, entry);
        std::vector<float> rows(target.datum.float_count);
        copy_float_data(target.datum, rows.data());
        entry["original_target"] = box_list(rows.data(), image.width, image.height);
        std::shared_ptr<const std::string> owner;
        const auto others = [&](std::uint64_t number) -> Result<DatumView> {
            DIGITS_ASSIGN(const auto found, targets_->at(number));
            owner = found.owner;
            return found.datum;
        };
        std::vector<float> moved(boxes_->floats());
        for (int epoch = 0; epoch < options_.variants; ++epoch) {
            DIGITS_TRY(boxes_->apply(target.datum, key, index_of(epoch, record), others, moved.data()));
            entry["variant_targets"].push_back(
                box_list(moved.data(), static_cast<int>(moved[2]), static_cast<int>(moved[3])));
        }
        return {};
    }

    static Result<json> mask_part(const Image& mask) {
        DIGITS_ASSIGN(auto url, image_url(mask, std::max(mask.width, mask.height)));
        return json{{"width", mask.width}, {"height", mask.height}, {"mask", std::move(url)}};
    }

    Status add_masks(const Image& image, const DatumView& datum, std::uint64_t record, json& entry) {
        DIGITS_ASSIGN(const auto mask, datum_image(datum));
        if (mask.channels != 1 || mask.width != image.width || mask.height != image.height)
            return fail(ErrorCode::kDataLoss, "a mask has {} channels of {} x {}, its image {} x {}", mask.channels,
                        mask.width, mask.height, image.width, image.height);
        DIGITS_ASSIGN(entry["original_target"], mask_part(mask));
        DIGITS_ASSIGN(const auto augmenter, Augmenter::create(only_geometry(options_.augmentation), options_.seed, 1,
                                                              mask.height, mask.width, images_->count()));
        DIGITS_ASSIGN(const auto transformer, Transformer::create(places_of(options_.transform), caffe::TRAIN,
                                                                  options_.seed, 1, mask.height, mask.width));
        std::vector<std::uint8_t> other, moved(mask.pixels.size());
        const auto others = [&](std::uint64_t number) -> Result<const std::uint8_t*> {
            DIGITS_ASSIGN(const auto found, targets_->at(number));
            DIGITS_ASSIGN(const auto part, datum_image(found.datum));
            if (part.pixels.size() != mask.pixels.size())
                return fail(ErrorCode::kUnsupported, "a mosaic takes masks of one size");
            other = part.pixels;
            return other.data();
        };
        std::vector<float> values(static_cast<std::size_t>(transformer.height()) *
                                  static_cast<std::size_t>(transformer.width()));
        for (int epoch = 0; epoch < options_.variants; ++epoch) {
            const auto index = index_of(epoch, record);
            DIGITS_TRY(augmenter.move_classes<std::uint8_t>(mask.pixels.data(), index, others, moved.data()));
            transformer.apply(moved.data(), index, values.data());
            Image part;
            part.reset(transformer.width(), transformer.height(), 1);
            std::ranges::transform(values, part.pixels.begin(),
                                   [](float value) { return static_cast<std::uint8_t>(value); });
            DIGITS_ASSIGN(auto shown, mask_part(part));
            entry["variant_targets"].push_back(std::move(shown));
        }
        return {};
    }

    Image seen(const std::vector<float>& values, const Transformer& transformer) const {
        const float scale = options_.transform.scale() != 0 ? options_.transform.scale() : 1;
        std::vector<std::uint8_t> planes(values.size());
        std::ranges::transform(values, planes.begin(), [&](float value) {
            return static_cast<std::uint8_t>(std::clamp(value / scale + (subtracts_ ? kGrey : 0), 0.0F, 255.0F) + 0.5F);
        });
        return from_planar_bgr(planes.data(), transformer.width(), transformer.height(), transformer.channels());
    }

    const AugmentExampleOptions& options_;
    const bool subtracts_;
    std::optional<AnyRecord> images_, targets_;
    std::optional<BoxRecords> boxes_;  ///< where the targets are boxes
};

}  // namespace

Result<json> augment_example(const AugmentExampleOptions& options) { return Example(options).show(); }

}  // namespace digits
