#include "infer/preprocess.hpp"

#include <algorithm>
#include <cmath>

namespace digits {
namespace {

/// Where output sample `i` of `to` lies among `from` samples, pixel centres aligned: the lower neighbour and the share
/// of the upper one.
std::pair<int, float> source_position(int i, int to, int from) {
    const float at =
        std::clamp((static_cast<float>(i) + 0.5F) * static_cast<float>(from) / static_cast<float>(to) - 0.5F, 0.0F,
                   static_cast<float>(from - 1));
    const int low = std::min(static_cast<int>(at), std::max(from - 2, 0));
    return {low, at - static_cast<float>(low)};
}

}  // namespace

MeanBlob resize_mean(const MeanBlob& mean, int width, int height) {
    if (mean.width == width && mean.height == height) return mean;
    MeanBlob out{mean.channels, height, width, {}};
    out.values.reserve(static_cast<std::size_t>(mean.channels) * static_cast<std::size_t>(height) *
                       static_cast<std::size_t>(width));
    for (int c = 0; c < mean.channels; ++c)
        for (int y = 0; y < height; ++y) {
            const auto [y0, fy] = source_position(y, height, mean.height);
            const int y1 = std::min(y0 + 1, mean.height - 1);
            for (int x = 0; x < width; ++x) {
                const auto [x0, fx] = source_position(x, width, mean.width);
                const int x1 = std::min(x0 + 1, mean.width - 1);
                const auto at = [&](int row, int column) {
                    return mean.values[static_cast<std::size_t>((c * mean.height + row) * mean.width + column)];
                };
                const float top = at(y0, x0) + (at(y0, x1) - at(y0, x0)) * fx,
                            bottom = at(y1, x0) + (at(y1, x1) - at(y1, x0)) * fx;
                out.values.push_back(top + (bottom - top) * fy);
            }
        }
    return out;
}

void Preprocessing::apply(const Image& picture, float* out) const {
    Image image = convert_channels(picture, channels);
    image = fit_image(std::move(image), dataset_width, dataset_height, resize);
    if (image.width != width || image.height != height) image = resize_bilinear(image, width, height);
    std::vector<std::uint8_t> planes(image.pixels.size());
    to_planar_bgr(image, planes.data());
    const auto plane = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    if (is_rgb && channels == 3)
        std::swap_ranges(planes.begin(), planes.begin() + static_cast<std::ptrdiff_t>(plane),
                         planes.end() - static_cast<std::ptrdiff_t>(plane));
    for (std::size_t i = 0; i < planes.size(); ++i) {
        float value = planes[i];
        if (mean) value -= mean->values[i];
        if (!mean_values.empty()) value -= mean_values[mean_values.size() == 1 ? 0 : i / plane];
        out[i] = value;
    }
}

bool reads_rgb(const caffe::NetParameter& train_val) {
    return std::any_of(train_val.layer().begin(), train_val.layer().end(),
                       [](const auto& layer) { return layer.type() == "HDF5Data"; });
}

Status take_mean(const caffe::NetParameter& train_val, const std::filesystem::path& folder,
                 const std::filesystem::path& dataset_dir, Preprocessing& preprocessing) {
    for (const auto& layer : train_val.layer()) {
        if (layer.bottom_size() > 0 || !layer.has_transform_param()) continue;
        const auto& transform = layer.transform_param();
        if (transform.mean_value_size() > 0) {
            preprocessing.mean_values.assign(transform.mean_value().begin(), transform.mean_value().end());
            if (transform.mean_value_size() != 1 && transform.mean_value_size() != preprocessing.channels)
                return fail(ErrorCode::kInvalidArgument, "layer {} has {} mean values for {} channels", layer.name(),
                            transform.mean_value_size(), preprocessing.channels);
            return {};
        }
        if (transform.has_mean_file()) {
            auto path = folder / transform.mean_file();
            std::error_code ignored;
            if (!std::filesystem::exists(path, ignored)) path = dataset_dir / path.filename();
            DIGITS_ASSIGN(const auto mean, read_mean_file(path));
            if (mean.channels != preprocessing.channels)
                return fail(make_error(ErrorCode::kInvalidArgument,
                                       "the mean has {} channels, the dataset's pictures have {}", mean.channels,
                                       preprocessing.channels)
                                .at(path.string()));
            preprocessing.mean = resize_mean(mean, preprocessing.width, preprocessing.height);
            return {};
        }
    }
    return {};
}

}  // namespace digits
