#include "models/image_transform.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "caffe/prototxt.hpp"

namespace digits {
namespace {

using nlohmann::json;

constexpr int kMostPixels = 10000;

/// The shortest decimal number that stands for the float: 0.017, not 0.01700000092.
double plain(float value) { return std::strtod(fmt::format("{}", value).c_str(), nullptr); }

bool is_number(const json& value) { return value.is_number() && std::isfinite(value.get<double>()); }

}  // namespace

ImageTransform image_transform(const InputTransform& transform) {
    const auto& parameter = transform.parameter;
    ImageTransform facts;
    for (const float value : parameter.mean_value()) facts.mean_values.push_back(plain(value));
    if (!facts.mean_values.empty()) facts.mean = MeanMode::kPixel;
    if (parameter.has_mean_file()) {
        facts.mean = MeanMode::kImage;
        facts.mean_file = parameter.mean_file();
    }
    facts.scale = plain(parameter.scale());
    facts.crop_size = static_cast<int>(parameter.crop_size());
    facts.is_rgb = transform.is_rgb;
    return facts;
}

Result<ImageTransform> read_image_transform(const std::filesystem::path& model_dir) {
    DIGITS_ASSIGN(const auto train_val, read_net_file(model_dir / "train_val.prototxt"));
    return image_transform(input_transform(train_val));
}

void add_to_info(const ImageTransform& transform, json& info) {
    info["mean subtraction"] = enum_name(transform.mean);
    info["mean values"] = transform.mean_values.empty() ? json() : json(transform.mean_values);
    info["image scale"] = transform.scale;
    info["crop size"] = transform.crop_size > 0 ? json(transform.crop_size) : json();
    info["channel order"] = transform.is_rgb ? "RGB" : "BGR";
}

void take_from_info(const json& info, ImageTransform& transform) {
    const auto mean = info.value("mean subtraction", json());
    if (mean.is_string()) transform.mean = find_enum<MeanMode>(mean.get<std::string>()).value_or(transform.mean);
    const auto values = info.value("mean values", json());
    if (values.is_array() && values.size() <= 1024 && std::ranges::all_of(values, is_number))
        transform.mean_values = values.get<std::vector<double>>();
    if (const auto scale = info.value("image scale", json()); is_number(scale)) transform.scale = scale.get<double>();
    const auto crop = info.value("crop size", json());
    if (crop.is_number_integer() && crop.get<std::int64_t>() >= 1 && crop.get<std::int64_t>() <= kMostPixels)
        transform.crop_size = crop.get<int>();
    const auto order = info.value("channel order", json());
    if (order.is_string()) transform.is_rgb = order.get<std::string>() == "RGB";
}

}  // namespace digits
