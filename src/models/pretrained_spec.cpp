#include "models/pretrained_spec.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/file.hpp"
#include "base/json_binding.hpp"

namespace digits {
namespace {

constexpr int kFormat = 1;
constexpr double kMostPixels = 10000;

}  // namespace

template <>
struct JsonBinding<PretrainedSourceSpec> {
    static auto fields() {
        return std::tuple{
            json_field("type", &PretrainedSourceSpec::type).required(),
            json_field("name", &PretrainedSourceSpec::name).help("as its owner calls it"),
            json_field("archive", &PretrainedSourceSpec::archive),
            json_field("onnx", &PretrainedSourceSpec::onnx),
            json_field("network", &PretrainedSourceSpec::network),
            json_field("weights", &PretrainedSourceSpec::weights),
            json_field("labels", &PretrainedSourceSpec::labels),
            json_field("mean", &PretrainedSourceSpec::mean),
            json_field("model_id", &PretrainedSourceSpec::model_id),
            json_field("iteration", &PretrainedSourceSpec::iteration),
            json_field("epoch", &PretrainedSourceSpec::epoch),
            json_field("place", &PretrainedSourceSpec::place).help("the folder of a store that has the files"),
            json_field("sha256", &PretrainedSourceSpec::sha256).help("by the names of a store's files"),
        };
    }
};
template <>
struct JsonBinding<PretrainedImage> {
    static auto fields() {
        return std::tuple{
            json_field("width", &PretrainedImage::width).range(0, kMostPixels),
            json_field("height", &PretrainedImage::height).range(0, kMostPixels),
            json_field("channels", &PretrainedImage::channels).range(0, 1024),
            json_field("resize", &PretrainedImage::resize),
            json_field("value_range", &PretrainedImage::value_range)
                .help("of files with more than 8 bits: the values that become 0 and 255; empty: by their depth"),
            json_field("depth", &PretrainedImage::depth).help("float: the network gets the values of the files"),
            json_field("bands", &PretrainedImage::bands).help("channels that are not colors").range(0, 64),
        };
    }
};
template <>
struct JsonBinding<ImageTransform> {
    static auto fields() {
        return std::tuple{
            json_field("mean_values", &ImageTransform::mean_values).help("subtracted; in the order B, G, R"),
            json_field("scale", &ImageTransform::scale).help("factor after the mean"),
            json_field("crop_size", &ImageTransform::crop_size)
                .help("side of the square cut out of the center; 0: none")
                .range(0, kMostPixels),
            json_field("is_rgb", &ImageTransform::is_rgb).help("planes in the order R G B, not B G R"),
        };
    }
};
template <>
struct JsonBinding<PreparationSpec> {
    static auto fields() {
        return std::tuple{
            json_field("preprocessing", &PreparationSpec::preprocessing).help("what the network takes of an image"),
            json_field("pixel_mean", &PreparationSpec::pixel_mean)
                .help("of custom: subtracted from values of 0 to 255"),
            json_field("pixel_std", &PreparationSpec::pixel_std).help("of custom: divides them then"),
            json_field("is_bgr", &PreparationSpec::is_bgr).help("channels in the order B G R, not R G B"),
        };
    }
};
template <>
struct JsonBinding<PretrainedSpec> {
    static auto fields() {
        return std::tuple{
            json_field("source", &PretrainedSpec::source).required(),
            json_field("image", &PretrainedSpec::image).help("images that it was trained with"),
            json_field("preparation", &PretrainedSpec::preparation).help("of ONNX: what the network takes of an image"),
            json_field("mean", &PretrainedSpec::mean).help("what was subtracted from them"),
            json_field("transform", &PretrainedSpec::transform).help("what else was done to them"),
            json_field("license", &PretrainedSpec::license),
            json_field("origin", &PretrainedSpec::origin),
        };
    }
};
template <>
struct JsonBinding<PretrainedFacts> {
    static auto fields() {
        return std::tuple{
            json_field("framework", &PretrainedFacts::framework),
            json_field("title", &PretrainedFacts::title),
            json_field("network", &PretrainedFacts::network),
            json_field("image", &PretrainedFacts::image),
            json_field("mean", &PretrainedFacts::mean),
            json_field("mean_file", &PretrainedFacts::mean_file),
            json_field("transform", &PretrainedFacts::transform),
            json_field("labels", &PretrainedFacts::labels),
            json_field("classes", &PretrainedFacts::classes),
            json_field("parameters", &PretrainedFacts::parameters),
            json_field("without_weights", &PretrainedFacts::without_weights),
            json_field("unused", &PretrainedFacts::unused),
            json_field("python_layer", &PretrainedFacts::python_layer),
            json_field("bytes", &PretrainedFacts::bytes),
            json_field("warnings", &PretrainedFacts::warnings),
            json_field("license", &PretrainedFacts::license),
            json_field("origin", &PretrainedFacts::origin),
            json_field("made_by", &PretrainedFacts::made_by),
        };
    }
};

namespace {

Status check_preparation(const PreparationSpec& preparation) {
    const bool custom = preparation.preprocessing == PixelScaling::kCustom;
    for (const auto& [name, values] :
         {std::pair{"pixel_mean", &preparation.pixel_mean}, {"pixel_std", &preparation.pixel_std}}) {
        const auto place = std::string("/preparation/") + name;
        if (!custom && !values->empty())
            return fail(make_error(ErrorCode::kInvalidArgument, "{} needs the preprocessing custom", name).at(place));
        if (values->size() > 1 && values->size() != 3)
            return fail(
                make_error(ErrorCode::kInvalidArgument, "{} must be one number or three, got {}", name, values->size())
                    .at(place));
        for (const double value : *values)
            if (!std::isfinite(value) || std::abs(value) > 1e6 || (values == &preparation.pixel_std && value < 1e-6))
                return fail(
                    make_error(ErrorCode::kInvalidArgument, "{} has the number {}, which no images need", name, value)
                        .at(place));
    }
    return {};
}

}  // namespace

Result<PretrainedSpec> parse_pretrained_spec(const nlohmann::json& json) {
    DIGITS_ASSIGN(auto spec, parse_json<PretrainedSpec>(json));
    const auto& source = spec.source;
    const auto missing = [](const char* member) {
        return fail(
            make_error(ErrorCode::kInvalidArgument, "{} is missing", member).at(std::string("/source/") + member));
    };
    if (source.type == PretrainedOrigin::kArchive) {
        if (source.archive.empty()) return missing("archive");
        return spec;
    }
    if (source.type == PretrainedOrigin::kOnnx) {
        if (source.onnx.empty()) return missing("onnx");
        DIGITS_TRY(check_preparation(spec.preparation));
        return spec;
    }
    if (source.network.empty()) return missing("network");
    if (source.weights.empty()) return missing("weights");
    for (const auto& [name, value] : {std::pair{"width", spec.image.width}, {"height", spec.image.height}})
        if (value < 1)
            return fail(make_error(ErrorCode::kInvalidArgument, "{} must be 1 to {}, got {}", name, kMostPixels, value)
                            .at(std::string("/image/") + name));
    if (const auto& range = spec.image.value_range; !range.empty() && (range.size() != 2 || !(range[0] < range[1])))
        return fail(make_error(ErrorCode::kInvalidArgument,
                               "Value range must be two numbers, the lower one first, got {}", fmt::join(range, ", "))
                        .at("/image/value_range"));
    if (spec.image.bands > 0 && spec.image.bands == spec.image.channels) return spec;
    if (spec.image.channels != 1 && spec.image.channels != 3)
        return fail(make_error(ErrorCode::kInvalidArgument, "channels must be 1 (grayscale) or 3 (color), got {}",
                               spec.image.channels)
                        .at("/image/channels"));
    return spec;
}

nlohmann::json to_json(const PretrainedSpec& spec) { return to_json<PretrainedSpec>(spec); }

nlohmann::json to_json(const PretrainedFacts& facts) {
    auto json = to_json<PretrainedFacts>(facts);
    json["format"] = kFormat;
    return json;
}

Result<PretrainedFacts> read_pretrained_facts(const std::filesystem::path& job_dir) {
    const auto path = job_dir / kPretrainedFacts;
    DIGITS_ASSIGN(const auto text, read_file(path, 64 << 20));
    auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object() || json.value("format", nlohmann::json()) != kFormat)
        return fail(make_error(ErrorCode::kDataLoss, "expected a JSON object of format {}", kFormat).at(path.string()));
    json.erase("format");
    auto facts = parse_json<PretrainedFacts>(json);
    if (!facts)
        return fail(
            make_error(ErrorCode::kDataLoss, "{}: {}", facts.error().where, facts.error().message).at(path.string()));
    return facts;
}

std::string resize_word(std::string_view text) {
    std::string word(text);
    for (char& c : word) c = c == ' ' || c == '-' ? '_' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    for (const auto* known : {"squash", "crop", "fill", "half_crop"})
        if (word == known) return word;
    return "";
}

}  // namespace digits
