#include "image/resize.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/check.hpp"
#include "base/random.hpp"
#include "base/vectorised.hpp"
#include "image/filter_rows.hpp"

namespace digits {
namespace {

constexpr int kPrecisionBits = kFilterPrecision_bits;
constexpr std::int32_t kHalf = 1 << (kPrecisionBits - 1);

struct Filter : RowFilter {
    std::vector<float> exact;  ///< the weights, not scaled
};

Filter triangle_filter(int from, int to) {
    const double scale = static_cast<double>(from) / to;
    const double filter_scale = std::max(scale, 1.0);
    const double support = filter_scale;
    Filter f;
    f.taps = static_cast<int>(std::ceil(support)) * 2 + 1;
    f.first.resize(static_cast<std::size_t>(to));
    f.count.resize(static_cast<std::size_t>(to));
    f.weights.assign(static_cast<std::size_t>(to) * static_cast<std::size_t>(f.taps), 0);
    f.exact.assign(f.weights.size(), 0);
    std::vector<double> w(static_cast<std::size_t>(f.taps));
    const double step = 1.0 / filter_scale;
    for (int i = 0; i < to; ++i) {
        const double centre = (i + 0.5) * scale;
        const int first = std::max(static_cast<int>(centre - support + 0.5), 0);
        const int count = std::min(static_cast<int>(centre + support + 0.5), from) - first;
        double sum = 0;
        for (int k = 0; k < count; ++k) {
            const double distance = std::abs((k + first - centre + 0.5) * step);
            const double weight = distance < 1.0 ? 1.0 - distance : 0.0;
            w[static_cast<std::size_t>(k)] = weight;
            sum += weight;
        }
        const std::size_t at = static_cast<std::size_t>(i) * static_cast<std::size_t>(f.taps);
        for (int k = 0; k < count; ++k) {
            const double weight = sum != 0.0 ? w[static_cast<std::size_t>(k)] / sum : w[static_cast<std::size_t>(k)];
            f.exact[at + static_cast<std::size_t>(k)] = static_cast<float>(weight);
            f.weights[at + static_cast<std::size_t>(k)] =
                static_cast<std::int32_t>(0.5 + weight * (1 << kPrecisionBits));
        }
        f.first[static_cast<std::size_t>(i)] = first;
        f.count[static_cast<std::size_t>(i)] = count;
    }
    return f;
}

std::uint8_t to_sample(std::int32_t sum) {
    return static_cast<std::uint8_t>(std::clamp(sum >> kPrecisionBits, 0, 255));
}

template <int kChannels>
void filter_row(const std::uint8_t* from, const Filter& f, std::uint8_t* to, int width) {
    const std::int32_t* weights = f.weights.data();
    for (int x = 0; x < width; ++x, weights += f.taps) {
        const std::uint8_t* sample =
            from + static_cast<std::ptrdiff_t>(f.first[static_cast<std::size_t>(x)]) * kChannels;
        const int count = f.count[static_cast<std::size_t>(x)];
        std::int32_t sums[kChannels];
        for (int c = 0; c < kChannels; ++c) sums[c] = kHalf;
        for (int k = 0; k < count; ++k)
            for (int c = 0; c < kChannels; ++c) sums[c] += sample[k * kChannels + c] * weights[k];
        for (int c = 0; c < kChannels; ++c) *to++ = to_sample(sums[c]);
    }
}

Image resize_width(const Image& image, int width) {
    const auto filter = triangle_filter(image.width, width);
    Image out;
    out.reset(width, image.height, image.channels);
    if (image.channels == 1) {
        for (int y = 0; y < image.height; ++y) filter_row<1>(image.row(y), filter, out.row(y), width);
        return out;
    }
    const int made = filter_rgb_rows(image.pixels.data(), image.row_bytes(), filter, out.pixels.data(), out.row_bytes(),
                                     image.height);
    for (int y = made; y < image.height; ++y) filter_row<3>(image.row(y), filter, out.row(y), width);
    return out;
}

/// One target row: `count` source rows, each times its weight.
DIGITS_VECTORISED
void blend_rows(const std::uint8_t* from, std::size_t stride, const std::int32_t* weights, int count,
                std::uint8_t* to) {
    constexpr std::size_t kBlock = 256;
    std::int32_t sums[kBlock];
    for (std::size_t start = 0; start < stride; start += kBlock) {
        const std::size_t n = std::min(kBlock, stride - start);
        for (std::size_t i = 0; i < kBlock; ++i) sums[i] = kHalf;
        for (int k = 0; k < count; ++k) {
            const std::uint8_t* row = from + static_cast<std::size_t>(k) * stride + start;
            const std::int32_t weight = weights[k];
            if (n == kBlock) {
                for (std::size_t i = 0; i < kBlock; ++i) sums[i] += row[i] * weight;
            } else {
                for (std::size_t i = 0; i < n; ++i) sums[i] += row[i] * weight;
            }
        }
        // All weights are positive, so a sum is never below 0.
        for (std::size_t i = 0; i < n; ++i) {
            const std::int32_t value = sums[i] >> kPrecisionBits;
            to[start + i] = static_cast<std::uint8_t>(value > 255 ? 255 : value);
        }
    }
}

Image resize_height(const Image& image, int height) {
    const auto filter = triangle_filter(image.height, height);
    Image out;
    out.reset(image.width, height, image.channels);
    for (int y = 0; y < height; ++y) {
        const auto i = static_cast<std::size_t>(y);
        blend_rows(image.row(filter.first[i]), image.row_bytes(),
                   &filter.weights[i * static_cast<std::size_t>(filter.taps)], filter.count[i], out.row(y));
    }
    return out;
}

/// The same filter over floats.
Image resize_deep(const Image& image, int width, int height) {
    const auto channels = static_cast<std::size_t>(image.channels);
    const auto across = triangle_filter(image.width, width), down = triangle_filter(image.height, height);
    Image wide, out;
    wide.reset_deep(width, image.height, image.channels);
    for (int y = 0; y < image.height; ++y) {
        float* to = wide.deep_row(y);
        for (std::size_t x = 0; x < static_cast<std::size_t>(width); ++x)
            for (std::size_t c = 0; c < channels; ++c) {
                float sum = 0;
                const float* from = image.deep_row(y) + static_cast<std::size_t>(across.first[x]) * channels + c;
                for (int k = 0; k < across.count[x]; ++k)
                    sum += from[static_cast<std::size_t>(k) * channels] *
                           across.exact[x * static_cast<std::size_t>(across.taps) + static_cast<std::size_t>(k)];
                *to++ = sum;
            }
    }
    out.reset_deep(width, height, image.channels);
    const auto row = wide.row_bytes();
    for (int y = 0; y < height; ++y) {
        const auto i = static_cast<std::size_t>(y);
        float* to = out.deep_row(y);
        std::fill(to, to + row, 0.0f);
        for (int k = 0; k < down.count[i]; ++k) {
            const float* from = wide.deep_row(down.first[i] + k);
            const float weight = down.exact[i * static_cast<std::size_t>(down.taps) + static_cast<std::size_t>(k)];
            for (std::size_t x = 0; x < row; ++x) to[x] += from[x] * weight;
        }
    }
    return out;
}

Image cut(const Image& image, int left, int top, int width, int height) {
    Image out;
    out.reset(width, height, image.channels);
    for (int y = 0; y < height; ++y)
        std::copy_n(image.row(top + y) + left * image.channels, out.row_bytes(), out.row(y));
    return out;
}

/// The size that an image is scaled to before it is cut and padded, and the place of what remains.
struct Fit {
    int scaled_width = 0;
    int scaled_height = 0;
    int cut_left = 0;
    int cut_top = 0;
    int kept_width = 0;
    int kept_height = 0;
    int pad_left = 0;
    int pad_top = 0;
};

void scaled_size(int width, int height, int to_width, int to_height, ResizeMode mode, Fit& fit) {
    fit.scaled_width = to_width;
    fit.scaled_height = to_height;
    const double width_ratio = static_cast<double>(width) / to_width;
    const double height_ratio = static_cast<double>(height) / to_height;
    if (mode == ResizeMode::kSquash || width_ratio == height_ratio) return;
    const bool wide = width_ratio > height_ratio;
    const auto scaled = [](int side, double ratio) { return std::max(1, static_cast<int>(std::round(side / ratio))); };
    const auto make_even = [](int& side, int target) { side += (target - side) % 2 != 0; };
    if (mode == ResizeMode::kCrop) {
        if (wide)
            fit.scaled_width = scaled(width, height_ratio);
        else
            fit.scaled_height = scaled(height, width_ratio);
    } else if (mode == ResizeMode::kFill) {
        if (wide) {
            fit.scaled_height = scaled(height, width_ratio);
            make_even(fit.scaled_height, to_height);
        } else {
            fit.scaled_width = scaled(width, height_ratio);
            make_even(fit.scaled_width, to_width);
        }
    } else {
        const double ratio = (width_ratio + height_ratio) / 2.0;
        fit.scaled_width = scaled(width, ratio);
        fit.scaled_height = scaled(height, ratio);
        if (wide)
            make_even(fit.scaled_height, to_height);
        else
            make_even(fit.scaled_width, to_width);
    }
}

Fit fit_of(int width, int height, int to_width, int to_height, ResizeMode mode) {
    Fit fit;
    scaled_size(width, height, to_width, to_height, mode, fit);
    const auto cut_from = [](int side, int target) {
        return side > target ? static_cast<int>(std::round((side - target) / 2.0)) : 0;
    };
    fit.cut_left = cut_from(fit.scaled_width, to_width);
    fit.cut_top = cut_from(fit.scaled_height, to_height);
    fit.kept_width = std::min(fit.scaled_width, to_width);
    fit.kept_height = std::min(fit.scaled_height, to_height);
    fit.pad_left = (to_width - fit.kept_width) / 2;
    fit.pad_top = (to_height - fit.kept_height) / 2;
    return fit;
}

/// The same of a deep image, padded with 0.
Image cut_and_pad_deep(const Image& image, int width, int height, const Fit& fit) {
    Image out;
    out.reset_deep(width, height, image.channels);
    std::ranges::fill(out.values, 0.0f);
    const auto channels = static_cast<std::ptrdiff_t>(image.channels);
    for (int y = 0; y < fit.kept_height; ++y)
        std::copy_n(image.deep_row(y + fit.cut_top) + fit.cut_left * channels, fit.kept_width * channels,
                    out.deep_row(y + fit.pad_top) + fit.pad_left * channels);
    return out;
}

/// Cuts what is too long about the centre, pads what is too short with the same noise at both ends.
Image cut_and_pad(Image image, int width, int height, const Fit& fit, std::uint64_t noise_seed) {
    if (image.width > width) image = cut(image, fit.cut_left, 0, width, image.height);
    if (image.height > height) image = cut(image, 0, fit.cut_top, image.width, height);
    if (image.width == width && image.height == height) return image;

    const int left = fit.pad_left;
    const int top = fit.pad_top;
    Image out;
    out.reset(width, height, image.channels);
    const auto noise_at = [&](int x, int y, int channel) {
        // The place inside the padding, which both ends share.
        SplitMix64 random(noise_seed, static_cast<std::uint64_t>((y * width + x) * 3 + channel));
        return static_cast<std::uint8_t>(random.below(255));
    };
    for (int y = 0; y < height; ++y) {
        const int below = y - top - image.height;
        for (int x = 0; x < width; ++x) {
            const int right = x - left - image.width;
            std::uint8_t* to = out.row(y) + x * image.channels;
            const bool inside = y >= top && below < 0 && x >= left && right < 0;
            for (int c = 0; c < image.channels; ++c)
                to[c] = inside ? image.row(y - top)[(x - left) * image.channels + c]
                               : noise_at(right >= 0 ? right : x, below >= 0 ? below : y, c);
        }
    }
    return out;
}

}  // namespace

Image resize_bilinear(const Image& image, int width, int height) {
    DIGITS_CHECK(width > 0 && height > 0 && image.width > 0 && image.height > 0);
    if (image.is_deep())
        return image.width == width && image.height == height ? image : resize_deep(image, width, height);
    if (image.width == width) return image.height == height ? image : resize_height(image, height);
    Image wide = resize_width(image, width);
    return wide.height == height ? wide : resize_height(wide, height);
}

ImagePlacement fit_placement(int width, int height, int to_width, int to_height, ResizeMode mode) {
    if (mode == ResizeMode::kNone) return {};
    const auto fit = fit_of(width, height, to_width, to_height, mode);
    return {static_cast<double>(fit.scaled_width) / width, static_cast<double>(fit.scaled_height) / height,
            static_cast<double>(fit.pad_left - fit.cut_left), static_cast<double>(fit.pad_top - fit.cut_top)};
}

Image fit_image(Image image, int width, int height, ResizeMode mode, std::uint64_t noise_seed) {
    if (mode == ResizeMode::kNone || (image.width == width && image.height == height)) return image;
    const auto fit = fit_of(image.width, image.height, width, height, mode);
    if (image.is_deep())
        return cut_and_pad_deep(resize_bilinear(image, fit.scaled_width, fit.scaled_height), width, height, fit);
    return cut_and_pad(resize_bilinear(image, fit.scaled_width, fit.scaled_height), width, height, fit, noise_seed);
}

std::vector<std::uint16_t> fit_mask(std::span<const std::uint16_t> ids, int width, int height, int to_width,
                                    int to_height, ResizeMode mode, std::uint16_t padding) {
    DIGITS_CHECK(width > 0 && height > 0 &&
                 ids.size() == static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
    if (mode == ResizeMode::kNone || (width == to_width && height == to_height)) return {ids.begin(), ids.end()};
    const auto fit = fit_of(width, height, to_width, to_height, mode);
    const auto sources = [](int from, int scaled, int cut, int kept) {
        std::vector<std::size_t> places(static_cast<std::size_t>(kept));
        for (int i = 0; i < kept; ++i)
            places[static_cast<std::size_t>(i)] =
                std::min(static_cast<std::size_t>((i + cut + 0.5) * from / scaled), static_cast<std::size_t>(from - 1));
        return places;
    };
    const auto columns = sources(width, fit.scaled_width, fit.cut_left, fit.kept_width);
    const auto rows = sources(height, fit.scaled_height, fit.cut_top, fit.kept_height);
    const auto out_width = static_cast<std::size_t>(to_width);
    std::vector<std::uint16_t> out(out_width * static_cast<std::size_t>(to_height), padding);
    for (std::size_t y = 0; y < rows.size(); ++y) {
        const auto* from = ids.data() + rows[y] * static_cast<std::size_t>(width);
        auto* to = out.data() + (y + static_cast<std::size_t>(fit.pad_top)) * out_width + fit.pad_left;
        for (const auto x : columns) *to++ = from[x];
    }
    return out;
}

}  // namespace digits
