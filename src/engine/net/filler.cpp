#include "engine/net/filler.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "engine/device/random.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// The number of values that `variance_norm` divides by.
double fan(const Shape& shape, const caffe::FillerParameter& filler) {
    const auto count = static_cast<double>(element_count(shape));
    const double fan_in = shape.empty() ? count : count / static_cast<double>(shape[0]);
    const double fan_out = shape.size() > 1 ? count / static_cast<double>(shape[1]) : count;
    switch (filler.variance_norm()) {
        case caffe::FillerParameter::FAN_OUT: return fan_out;
        case caffe::FillerParameter::AVERAGE: return (fan_in + fan_out) / 2;
        default: return fan_in;
    }
}

void fill_uniform(std::span<float> values, float low, float high, RandomStream& random) {
    for (float& value : values) value = low + (high - low) * random.uniform();
}

void fill_gaussian(std::span<float> values, const Shape& shape, const caffe::FillerParameter& filler,
                   RandomStream& random) {
    for (float& value : values) value = filler.mean() + filler.std() * random.normal();
    if (filler.sparse() < 0) return;
    const auto keep = static_cast<float>(filler.sparse()) / static_cast<float>(shape[0]);
    for (float& value : values) value *= random.uniform() < keep ? 1.0F : 0.0F;
}

void fill_unit_ball(std::span<float> values, const Shape& shape, RandomStream& random) {
    fill_uniform(values, 0, 1, random);
    const std::size_t rows = shape.empty() ? 1 : static_cast<std::size_t>(shape[0]);
    const std::size_t width = rows ? values.size() / rows : 0;
    for (std::size_t row = 0; row < rows; ++row) {
        const auto part = values.subspan(row * width, width);
        float sum = 0;
        for (const float value : part) sum += value;
        for (float& value : part) value /= sum;
    }
}

void fill_bilinear(std::span<float> values, const Shape& shape) {
    const auto width = static_cast<std::size_t>(shape[3]);
    const double f = std::ceil(static_cast<double>(width) / 2.0);
    const double c = (static_cast<double>(width) - 1) / (2.0 * f);
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto x = static_cast<double>(i % width), y = static_cast<double>(i / width % width);
        values[i] = static_cast<float>((1 - std::fabs(x / f - c)) * (1 - std::fabs(y / f - c)));
    }
}

constexpr std::string_view kTypes[]{"constant", "uniform", "gaussian", "positive_unitball",
                                    "xavier",   "msra",    "bilinear"};

/// NVIDIA's "…static" fillers draw once and reuse the numbers; every parameter is filled only once here.
std::string_view plain_type(const caffe::FillerParameter& filler) {
    std::string_view type = filler.type();
    if (type.size() > 6 && type.ends_with("static")) type.remove_suffix(6);
    return type;
}

}  // namespace

void check_filler(const Shape& shape, const caffe::FillerParameter& filler) {
    const auto type = plain_type(filler);
    if (std::ranges::find(kTypes, type) == std::end(kTypes))
        throw_invalid(
            "unknown filler \"{}\"; use constant, uniform, gaussian, positive_unitball, xavier, msra or bilinear",
            filler.type());
    const std::pair<const char*, float> numbers[]{{"value", filler.value()},
                                                  {"min", filler.min()},
                                                  {"max", filler.max()},
                                                  {"mean", filler.mean()},
                                                  {"std", filler.std()}};
    for (const auto& [field, number] : numbers)
        if (!std::isfinite(number)) throw_invalid("{} of the filler must be a finite number; got {}", field, number);
    if (type == "uniform" && filler.min() > filler.max())
        throw_invalid("min of the uniform filler is {}, above its max of {}", filler.min(), filler.max());
    if (type == "gaussian" && filler.std() < 0)
        throw_invalid("std of the gaussian filler must be at least 0; got {}", filler.std());
    if (filler.sparse() < -1)
        throw_invalid("sparse of the filler must be the number of nonzero weights per output; got {}", filler.sparse());
    if (filler.sparse() >= 0 && type != "gaussian")
        throw_invalid("sparse is for gaussian fillers only; the type is \"{}\"", filler.type());
    if (filler.sparse() >= 0 && (shape.empty() || shape[0] < 1))
        throw_invalid("a sparse filler needs a parameter with at least one axis");
    if (type == "bilinear" && (shape.size() != 4 || shape[2] != shape[3]))
        throw_invalid("a bilinear filler needs a square kernel with 4 axes; got {}", shape_text(shape));
}

at::Tensor fill(const Shape& shape, const caffe::FillerParameter& filler, std::uint64_t key) {
    check_filler(shape, filler);
    auto tensor = at::empty(shape, at::kFloat);
    const std::span<float> values(tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel()));
    RandomStream random(key);
    const auto type = plain_type(filler);
    if (type == "constant") {
        tensor.fill_(filler.value());
    } else if (type == "uniform") {
        fill_uniform(values, filler.min(), filler.max(), random);
    } else if (type == "gaussian") {
        fill_gaussian(values, shape, filler, random);
    } else if (type == "positive_unitball") {
        fill_unit_ball(values, shape, random);
    } else if (type == "xavier") {
        const auto a = static_cast<float>(std::sqrt(3.0 / fan(shape, filler)));
        fill_uniform(values, -a, a, random);
    } else if (type == "msra") {
        const auto deviation = static_cast<float>(std::sqrt(2.0 / fan(shape, filler)));
        for (float& value : values) value = deviation * random.normal();
    } else {
        fill_bilinear(values, shape);
    }
    return tensor;
}

}  // namespace digits
