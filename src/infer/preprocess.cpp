#include "infer/preprocess.hpp"

#include <algorithm>
#include <vector>

#include "base/check.hpp"
#include "caffe/input_transform.hpp"
#include "data/prepare_image.hpp"
#include "data/records/mean.hpp"

namespace digits {

namespace {

/// Where the dataset has images of their own sizes, the network has one.
ResizeMode mode_of(const Preprocessing& preprocessing) {
    return preprocessing.resize == ResizeMode::kNone ? ResizeMode::kSquash : preprocessing.resize;
}

/// What images become before they are records.
ImageSpec image_spec_of(const Preprocessing& preprocessing) {
    ImageSpec spec;
    spec.width = preprocessing.dataset_width;
    spec.height = preprocessing.dataset_height;
    spec.channels = preprocessing.channels;
    spec.resize = mode_of(preprocessing);
    return spec;
}

/// In the order of the records that the network learned from.
std::vector<std::uint8_t> planes_of(const Image& image, const Preprocessing& preprocessing) {
    std::vector<std::uint8_t> planes(image.pixels.size());
    to_planar_bgr(image, planes.data());
    if (preprocessing.is_rgb && preprocessing.channels == 3) {
        const auto plane = static_cast<std::ptrdiff_t>(image.width) * image.height;
        std::swap_ranges(planes.begin(), planes.begin() + plane, planes.end() - plane);
    }
    return planes;
}

/// The same of an image that keeps its depth.
std::vector<float> deep_planes_of(const Image& image, const Preprocessing& preprocessing) {
    DIGITS_CHECK(image.channels == preprocessing.channels);  // DecodeOptions::bands
    std::vector<float> planes(image.values.size());
    to_planar_bgr(image, planes.data());
    return planes;
}

}  // namespace

AskedImage Preprocessing::place(int width, int height) const {
    AskedImage asked{width, height, static_cast<int>(transformer.width()), static_cast<int>(transformer.height()),
                     fit_placement(width, height, dataset_width, dataset_height, mode_of(*this))};
    // The center is cut out, at whole pixels.
    asked.placement.offset_x -= (dataset_width - asked.input_width) / 2;
    asked.placement.offset_y -= (dataset_height - asked.input_height) / 2;
    return asked;
}

std::vector<float> Preprocessing::planes(const Image& source) const {
    const auto image = prepare_image(source, image_spec_of(*this), 0);
    std::vector<float> values;
    if (image.is_deep()) {
        values = deep_planes_of(image, *this);
    } else {
        std::vector<std::uint8_t> bytes(image.pixels.size());
        to_planar_bgr(image, bytes.data());
        values.assign(bytes.begin(), bytes.end());
    }
    const auto plane = static_cast<std::ptrdiff_t>(image.width) * image.height;
    if (channels == 3) std::swap_ranges(values.begin(), values.begin() + plane, values.end() - plane);
    return values;
}

void Preprocessing::apply_planes(const float* planes, float* out) const {
    if (is_rgb || channels != 3) return transformer.apply(planes, 0, out);
    const auto plane = static_cast<std::size_t>(dataset_width) * static_cast<std::size_t>(dataset_height);
    std::vector<float> bgr(planes, planes + 3 * plane);
    std::swap_ranges(bgr.begin(), bgr.begin() + static_cast<std::ptrdiff_t>(plane),
                     bgr.end() - static_cast<std::ptrdiff_t>(plane));
    transformer.apply(bgr.data(), 0, out);
}

void Preprocessing::apply(const Image& source, float* out) const {
    const auto image = prepare_image(source, image_spec_of(*this), 0);
    if (image.is_deep())
        transformer.apply(deep_planes_of(image, *this).data(), 0, out);
    else
        transformer.apply(planes_of(image, *this).data(), 0, out);
}

Result<std::vector<float>> Preprocessing::apply_whole(const Image& source) const {
    const auto image = convert_channels(source, channels);
    auto parameter = transform;
    parameter.clear_crop_size();
    if (parameter.has_mean_file()) {
        DIGITS_ASSIGN(const auto mean, read_mean_file(parameter.mean_file()));
        parameter.clear_mean_file();
        for (const double value : mean_pixel(mean)) parameter.add_mean_value(static_cast<float>(value));
    }
    DIGITS_ASSIGN(const auto whole,
                  Transformer::create(parameter, caffe::TEST, 0, channels, image.height, image.width));
    std::vector<float> input(image.pixels.size() + image.values.size());
    if (image.is_deep())
        whole.apply(deep_planes_of(image, *this).data(), 0, input.data());
    else
        whole.apply(planes_of(image, *this).data(), 0, input.data());
    return input;
}

Status take_transform(const caffe::NetParameter& train_val, const std::filesystem::path& folder,
                      const std::filesystem::path& dataset_dir, Preprocessing& preprocessing) {
    auto transform = input_transform(train_val);
    preprocessing.is_rgb = transform.is_rgb;
    auto& parameter = transform.parameter;
    if (parameter.has_mean_file()) {
        auto path = folder / parameter.mean_file();
        std::error_code ignored;
        if (!std::filesystem::exists(path, ignored)) path = dataset_dir / path.filename();
        parameter.set_mean_file(path.string());
    }
    DIGITS_ASSIGN(preprocessing.transformer,
                  Transformer::create(parameter, caffe::TEST, 0, preprocessing.channels, preprocessing.dataset_height,
                                      preprocessing.dataset_width));
    preprocessing.transform = parameter;
    return {};
}

}  // namespace digits
