#include "feed/augmenter.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/file.hpp"
#include "feed/draws.hpp"

namespace digits {
namespace {

constexpr float kWhite = 255;

struct Colour {
    float hue, saturation, value;
};

/// All of 0 to 1.
Colour hsv_of(float r, float g, float b) {
    const float most = std::max({r, g, b}), least = std::min({r, g, b}), range = most - least;
    Colour colour{0, most > 0 ? range / most : 0, most};
    if (range <= 0) return colour;
    const float sixth = most == r ? (g - b) / range : most == g ? 2 + (b - r) / range : 4 + (r - g) / range;
    colour.hue = sixth / 6 - std::floor(sixth / 6);
    return colour;
}

void rgb_of(const Colour& colour, float& r, float& g, float& b) {
    const auto part = [&](float offset) {
        const float place = std::fmod(offset + colour.hue * 6, 6.0F);
        return colour.value - colour.value * colour.saturation * std::clamp(std::min(place, 4 - place), 0.0F, 1.0F);
    };
    r = part(5);
    g = part(3);
    b = part(1);
}

/// Values between the pixels of a plane are linear; beyond the edge the last pixel goes on.
void copy_linear(const Piece& piece, const std::uint8_t* planes, int channels, int width, int height, float* out) {
    const auto count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    const AffineMap& map = piece.source;
    for (int y = piece.top; y < piece.bottom; ++y)
        for (int x = piece.left; x < piece.right; ++x) {
            const double from_x = std::clamp(map.xx * x + map.xy * y + map.x0, 0.0, static_cast<double>(width - 1));
            const double from_y = std::clamp(map.yx * x + map.yy * y + map.y0, 0.0, static_cast<double>(height - 1));
            const int left = static_cast<int>(from_x), top = static_cast<int>(from_y);
            const int right = std::min(left + 1, width - 1), bottom = std::min(top + 1, height - 1);
            const auto across = static_cast<float>(from_x - left), down = static_cast<float>(from_y - top);
            const auto place = [&](int row, int column) {
                return static_cast<std::size_t>(row) * static_cast<std::size_t>(width) +
                       static_cast<std::size_t>(column);
            };
            const std::size_t corners[]{place(top, left), place(top, right), place(bottom, left), place(bottom, right)};
            const std::size_t at = place(y, x);
            for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
                const auto* plane = planes + c * count;
                const auto sample = [&](int corner) { return static_cast<float>(plane[corners[corner]]); };
                const float above = sample(0) + across * (sample(1) - sample(0));
                const float below = sample(2) + across * (sample(3) - sample(2));
                out[c * count + at] = above + down * (below - above);
            }
        }
}

/// A class is never between two others.
template <class Sample>
void copy_nearest(const Piece& piece, const Sample* plane, int width, int height, Sample* out) {
    const AffineMap& map = piece.source;
    const auto nearest = [](double place, int size) {
        return static_cast<std::size_t>(std::clamp(std::lround(place), 0L, static_cast<long>(size) - 1));
    };
    for (int y = piece.top; y < piece.bottom; ++y)
        for (int x = piece.left; x < piece.right; ++x) {
            const auto from_x = nearest(map.xx * x + map.xy * y + map.x0, width);
            const auto from_y = nearest(map.yx * x + map.yy * y + map.y0, height);
            out[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)] =
                plane[from_y * static_cast<std::size_t>(width) + from_x];
        }
}

}  // namespace

Result<Augmenter> Augmenter::create(const Augmentation& augmentation, std::uint64_t seed, int channels, int height,
                                    int width, std::uint64_t records) {
    DIGITS_ASSIGN(const auto geometry, Geometry::create(augmentation, seed, width, height, records));
    const bool colours = augmentation.hue > 0 || augmentation.saturation > 0;
    if (colours && channels != 3)
        return fail(make_error(ErrorCode::kInvalidArgument,
                               "hue and saturation want images of 3 channels, these have {}", channels)
                        .at(augmentation.hue > 0 ? "/augmentation/hue" : "/augmentation/saturation"));
    Augmenter augmenter;
    augmenter.augmentation_ = augmentation;
    augmenter.geometry_ = geometry;
    augmenter.seed_ = seed;
    augmenter.channels_ = channels;
    augmenter.height_ = height;
    augmenter.width_ = width;
    return augmenter;
}

Result<const std::uint8_t*> Augmenter::apply(const std::uint8_t* planes, std::uint64_t index, Scratch& scratch,
                                             const OtherPlanes& others) const {
    if (changes_nothing()) return planes;
    DIGITS_TRY(move(planes, index, others, scratch.moved));
    const Draws draws(seed_, index);
    colour(draws, scratch.moved);
    erase(draws, scratch.moved);
    scratch.planes.resize(scratch.moved.size());
    for (std::size_t i = 0; i < scratch.moved.size(); ++i)
        scratch.planes[i] = static_cast<std::uint8_t>(std::clamp(scratch.moved[i], 0.0F, kWhite) + 0.5F);
    return scratch.planes.data();
}

const std::uint8_t* Augmenter::apply(const std::uint8_t* planes, std::uint64_t index, Scratch& scratch) const {
    return *apply(planes, index, scratch, [&](std::uint64_t) { return Result<const std::uint8_t*>(planes); });
}

Status Augmenter::move(const std::uint8_t* planes, std::uint64_t index, const OtherPlanes& others,
                       std::vector<float>& out) const {
    const auto count = static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_);
    out.resize(count * static_cast<std::size_t>(channels_));
    if (geometry_.keeps_places()) {
        std::copy_n(planes, out.size(), out.begin());
        return {};
    }
    for (const auto& piece : geometry_.pieces(index)) {
        const auto* source = planes;
        if (piece.record) {
            DIGITS_ASSIGN(source, others(*piece.record));
        }
        copy_linear(piece, source, channels_, width_, height_, out.data());
    }
    return {};
}

template <class Sample>
Status Augmenter::move_classes(const Sample* plane, std::uint64_t index,
                               const std::function<Result<const Sample*>(std::uint64_t)>& others, Sample* out) const {
    for (const auto& piece : geometry_.pieces(index)) {
        const auto* source = plane;
        if (piece.record) {
            DIGITS_ASSIGN(source, others(*piece.record));
        }
        copy_nearest(piece, source, width_, height_, out);
    }
    return {};
}
template Status Augmenter::move_classes(const std::uint8_t*, std::uint64_t,
                                        const std::function<Result<const std::uint8_t*>(std::uint64_t)>&,
                                        std::uint8_t*) const;
template Status Augmenter::move_classes(const float*, std::uint64_t,
                                        const std::function<Result<const float*>(std::uint64_t)>&, float*) const;

void Augmenter::colour(const Draws& draws, std::vector<float>& samples) const {
    if (augmentation_.hue > 0 || augmentation_.saturation > 0 || augmentation_.value > 0) shift_colours(draws, samples);
    if (augmentation_.contrast > 0) change_contrast(draws, samples);
    if (augmentation_.noise <= 0) return;
    auto random = draws.stream(Draws::kNoise);
    const double deviation = augmentation_.noise * kWhite;
    for (auto& sample : samples) sample += static_cast<float>(deviation * Draws::normal(random));
}

void Augmenter::shift_colours(const Draws& draws, std::vector<float>& samples) const {
    auto hues = draws.stream(Draws::kHue), saturations = draws.stream(Draws::kSaturation),
         values = draws.stream(Draws::kValue);
    const auto hue = static_cast<float>(augmentation_.hue * Draws::normal(hues));
    const auto saturation = static_cast<float>(augmentation_.saturation * Draws::normal(saturations));
    const auto value = static_cast<float>(augmentation_.value * Draws::normal(values));
    if (channels_ != 3) {
        for (auto& sample : samples) sample += value * kWhite;
        return;
    }
    const std::size_t count = samples.size() / 3;
    float *blue = samples.data(), *green = blue + count, *red = green + count;
    for (std::size_t i = 0; i < count; ++i) {
        auto colour = hsv_of(red[i] / kWhite, green[i] / kWhite, blue[i] / kWhite);
        colour.hue += hue;
        colour.hue -= std::floor(colour.hue);
        // Grey stays grey: it has no hue that more saturation could show.
        if (colour.saturation > 0) colour.saturation = std::clamp(colour.saturation + saturation, 0.0F, 1.0F);
        colour.value = std::clamp(colour.value + value, 0.0F, 1.0F);
        rgb_of(colour, red[i], green[i], blue[i]);
        red[i] *= kWhite;
        green[i] *= kWhite;
        blue[i] *= kWhite;
    }
}

/// About the mean of each channel.
void Augmenter::change_contrast(const Draws& draws, std::vector<float>& samples) const {
    auto random = draws.stream(Draws::kContrast);
    const double most = 1 + augmentation_.contrast;
    const auto factor = static_cast<float>(std::pow(most, 2 * Draws::uniform(random) - 1));
    const std::size_t count = samples.size() / static_cast<std::size_t>(channels_);
    for (std::size_t begin = 0; begin < samples.size(); begin += count) {
        double sum = 0;
        for (std::size_t i = begin; i < begin + count; ++i) sum += static_cast<double>(samples[i]);
        const auto mean = static_cast<float>(sum / static_cast<double>(count));
        for (std::size_t i = begin; i < begin + count; ++i) samples[i] = mean + factor * (samples[i] - mean);
    }
}

/// As in "Random erasing data augmentation" (Zhong et al.) and torchvision: 2 to 33 % of the area, sides of 0.3 to 3.3
/// to one, tried ten times. The rectangle gets each channel's mean, which is 0 once the mean is subtracted.
void Augmenter::erase(const Draws& draws, std::vector<float>& samples) const {
    if (augmentation_.erasing <= 0) return;
    constexpr double kLeastArea = 0.02, kMostArea = 0.33, kMostRatio = 3.3;
    constexpr int kTries = 10;
    auto random = draws.stream(Draws::kErasing);
    if (Draws::uniform(random) >= augmentation_.erasing) return;
    const std::size_t count = samples.size() / static_cast<std::size_t>(channels_);
    for (int attempt = 0; attempt < kTries; ++attempt) {
        const double area =
            static_cast<double>(count) * (kLeastArea + (kMostArea - kLeastArea) * Draws::uniform(random));
        const double ratio = std::pow(kMostRatio, 2 * Draws::uniform(random) - 1);
        const auto height = static_cast<int>(std::lround(std::sqrt(area * ratio)));
        const auto width = static_cast<int>(std::lround(std::sqrt(area / ratio)));
        if (height < 1 || width < 1 || height >= height_ || width >= width_) continue;
        const auto top = static_cast<int>(random.below(static_cast<std::uint64_t>(height_ - height + 1)));
        const auto left = static_cast<int>(random.below(static_cast<std::uint64_t>(width_ - width + 1)));
        for (auto plane = samples.begin(); plane != samples.end(); plane += static_cast<std::ptrdiff_t>(count)) {
            const double sum = std::accumulate(plane, plane + static_cast<std::ptrdiff_t>(count), 0.0);
            const auto mean = static_cast<float>(sum / static_cast<double>(count));
            for (int y = top; y < top + height; ++y) std::fill_n(plane + y * width_ + left, width, mean);
        }
        return;
    }
}

Result<Augmentation> read_augmentation(const std::filesystem::path& folder) {
    const auto path = folder / kAugmentationFile;
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return Augmentation{};
    DIGITS_ASSIGN(const auto text, read_file(path, 1 << 20));
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (json.is_discarded()) return fail(make_error(ErrorCode::kInvalidArgument, "expected JSON").at(path.string()));
    auto augmentation = parse_augmentation(json);
    if (!augmentation) {
        auto error = std::move(augmentation).error();
        error.message = error.where + ": " + error.message;
        return fail(std::move(error).at(path.string()));
    }
    return augmentation;
}

}  // namespace digits
