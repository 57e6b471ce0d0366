#include "feed/augment_example.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "data/records/record_reader.hpp"
#include "data/reports/resize_example.hpp"
#include "feed/augmenter.hpp"
#include "feed/transformer.hpp"

namespace digits {
namespace {

using nlohmann::json;

constexpr int kMostShown_px = 256;
constexpr float kGrey = 128;

class Example {
  public:
    explicit Example(const AugmentExampleOptions& options)
        : options_(options), subtracts_(options.transform.has_mean_file() || options.transform.mean_value_size() > 0) {}

    Result<json> show() {
        DIGITS_ASSIGN(auto reader, RecordReader::open(options_.database));
        const auto count = reader.count();
        if (count == 0)
            return fail(ErrorCode::kInvalidArgument, "the database {} has no records", options_.database.string());
        const auto wanted = std::min<std::uint64_t>(count, static_cast<std::uint64_t>(options_.pictures));
        json answer{{"width", 0}, {"height", 0}, {"pictures", json::array()}};
        for (std::uint64_t i = 0; i < wanted; ++i) {
            const auto record = i * count / wanted;
            RecordReader::Record found;
            reader.rewind();
            DIGITS_TRY(reader.skip(record));
            DIGITS_TRY(reader.next(found));
            DIGITS_ASSIGN(const auto image, datum_image(found.datum));
            DIGITS_ASSIGN(auto picture, show_one(image, record, count, answer));
            picture["label"] = found.datum.label;
            answer["pictures"].push_back(std::move(picture));
        }
        return answer;
    }

  private:
    Result<json> show_one(const Image& image, std::uint64_t record, std::uint64_t count, json& answer) {
        DIGITS_ASSIGN(const auto augmenter, Augmenter::create(options_.augmentation, options_.seed, image.channels,
                                                              image.height, image.width));
        DIGITS_ASSIGN(const auto transformer, Transformer::create(options_.transform, caffe::TRAIN, options_.seed,
                                                                  image.channels, image.height, image.width));
        answer["width"] = transformer.width();
        answer["height"] = transformer.height();
        std::vector<std::uint8_t> planes(image.pixels.size());
        to_planar_bgr(image, planes.data());
        DIGITS_ASSIGN(auto original, picture_url(image, kMostShown_px));
        json picture{{"record", record}, {"original", std::move(original)}, {"variants", json::array()}};
        Augmenter::Scratch scratch;
        std::vector<float> values(static_cast<std::size_t>(transformer.channels()) *
                                  static_cast<std::size_t>(transformer.height()) *
                                  static_cast<std::size_t>(transformer.width()));
        for (int epoch = 0; epoch < options_.variants; ++epoch) {
            const auto index = static_cast<std::uint64_t>(epoch) * count + record;
            transformer.apply(augmenter.apply(planes.data(), index, scratch), index, values.data());
            DIGITS_ASSIGN(auto url, picture_url(seen(values, transformer), kMostShown_px));
            picture["variants"].push_back(std::move(url));
        }
        return picture;
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
};

}  // namespace

Result<json> augment_example(const AugmentExampleOptions& options) { return Example(options).show(); }

}  // namespace digits
