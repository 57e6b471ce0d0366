#include "feed/augmenter.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <numeric>

#include "base/file.hpp"
#include "base/random.hpp"

namespace digits {
namespace {

constexpr float kWhite = 255;
/// Apart from the stream that crops and mirrors.
constexpr std::uint64_t kSeedMask = 0xa3c59ac2f1e7b04dULL;
constexpr double kSmallestScale = 0.1;

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

}  // namespace

/// Random numbers of one picture. Each kind of change draws whether or not it is wanted from a stream of its own, so
/// that switching one on leaves the others as they were.
class Draws {
  public:
    Draws(std::uint64_t seed, std::uint64_t index) : seed_(seed ^ kSeedMask), index_(index) {}

    SplitMix64 stream(std::uint64_t kind) const { return {SplitMix64(seed_, kind).next(), index_}; }
    /// In [0, 1).
    static double uniform(SplitMix64& random) { return static_cast<double>(random.next() >> 11) * 0x1.0p-53; }
    static double normal(SplitMix64& random) {
        const double radius = std::sqrt(-2 * std::log(1 - uniform(random)));
        return radius * std::cos(2 * std::numbers::pi * uniform(random));
    }

  private:
    std::uint64_t seed_;
    std::uint64_t index_;
};

namespace {

enum Kind : std::uint64_t {
    kFlip = 1,
    kTurn,
    kRotation,
    kScale,
    kHue,
    kSaturation,
    kValue,
    kContrast,
    kNoise,
    kErasing
};

/// How many quarter turns.
int draw_turns(TurnMode mode, SplitMix64 random) {
    static constexpr int kQuarters[]{0, 1, 3};
    switch (mode) {
        case TurnMode::kNone: return 0;
        case TurnMode::kQuarter: return kQuarters[random.below(3)];
        case TurnMode::kHalf: return 2 * static_cast<int>(random.below(2));
        case TurnMode::kAll: return static_cast<int>(random.below(4));
    }
    return 0;
}

}  // namespace

Result<Augmenter> Augmenter::create(const Augmentation& augmentation, std::uint64_t seed, int channels, int height,
                                    int width) {
    const bool quarter = augmentation.turns == TurnMode::kQuarter || augmentation.turns == TurnMode::kAll;
    if (quarter && width != height)
        return fail(make_error(ErrorCode::kInvalidArgument, "quarter turns want square pictures, these are {} x {}",
                               width, height)
                        .at("/augmentation/turns")
                        .advise("Choose half turns, or make the dataset with square pictures"));
    const bool colours = augmentation.hue > 0 || augmentation.saturation > 0;
    if (colours && channels != 3)
        return fail(make_error(ErrorCode::kInvalidArgument,
                               "hue and saturation want pictures of 3 channels, these have {}", channels)
                        .at(augmentation.hue > 0 ? "/augmentation/hue" : "/augmentation/saturation"));
    Augmenter augmenter;
    augmenter.augmentation_ = augmentation;
    augmenter.seed_ = seed;
    augmenter.channels_ = channels;
    augmenter.height_ = height;
    augmenter.width_ = width;
    return augmenter;
}

const std::uint8_t* Augmenter::apply(const std::uint8_t* planes, std::uint64_t index, Scratch& scratch) const {
    if (changes_nothing()) return planes;
    Draws draws(seed_, index);
    move(planes, draws, scratch.moved);
    colour(draws, scratch.moved);
    erase(draws, scratch.moved);
    scratch.planes.resize(scratch.moved.size());
    for (std::size_t i = 0; i < scratch.moved.size(); ++i)
        scratch.planes[i] = static_cast<std::uint8_t>(std::clamp(scratch.moved[i], 0.0F, kWhite) + 0.5F);
    return scratch.planes.data();
}

/// One look-up a sample: flip, turn, rotation and scale are one affine map about the centre. Between samples it is
/// linear; beyond the edge the last sample goes on.
void Augmenter::move(const std::uint8_t* planes, Draws& draws, std::vector<float>& out) const {
    const auto count = static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_);
    out.resize(count * static_cast<std::size_t>(channels_));
    auto flips = draws.stream(kFlip);
    const bool heads = flips.below(2) == 1, tails = flips.below(2) == 1;
    const FlipMode mode = augmentation_.flip;
    const double mirror_x = heads && (mode == FlipMode::kHorizontal || mode == FlipMode::kBoth) ? -1 : 1;
    const double mirror_y = tails && (mode == FlipMode::kVertical || mode == FlipMode::kBoth) ? -1 : 1;
    const int turns = draw_turns(augmentation_.turns, draws.stream(kTurn));
    auto rotation = draws.stream(kRotation), scaling = draws.stream(kScale);
    const double degrees = augmentation_.rotation * (2 * Draws::uniform(rotation) - 1);
    const double scale = std::max(kSmallestScale, 1 + augmentation_.scale * Draws::normal(scaling));
    const bool exact = augmentation_.rotation == 0 && augmentation_.scale == 0;
    static constexpr double kCosines[]{1, 0, -1, 0};
    const double angle = degrees * std::numbers::pi / 180 + turns * std::numbers::pi / 2;
    const double cosine = exact ? kCosines[turns] : std::cos(angle) / scale;
    const double sine = exact ? kCosines[(turns + 3) % 4] : std::sin(angle) / scale;
    const double middle_x = (width_ - 1) / 2.0, middle_y = (height_ - 1) / 2.0;
    for (int y = 0; y < height_; ++y)
        for (int x = 0; x < width_; ++x) {
            const double dx = x - middle_x, dy = y - middle_y;
            const double from_x =
                std::clamp(middle_x + mirror_x * (cosine * dx + sine * dy), 0.0, static_cast<double>(width_ - 1));
            const double from_y =
                std::clamp(middle_y + mirror_y * (cosine * dy - sine * dx), 0.0, static_cast<double>(height_ - 1));
            const int left = static_cast<int>(from_x), top = static_cast<int>(from_y);
            const int right = std::min(left + 1, width_ - 1), bottom = std::min(top + 1, height_ - 1);
            const auto across = static_cast<float>(from_x - left), down = static_cast<float>(from_y - top);
            const auto at =
                static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x);
            for (std::size_t c = 0; c < static_cast<std::size_t>(channels_); ++c) {
                const auto* plane = planes + c * count;
                const auto sample = [&](int row, int column) {
                    return static_cast<float>(plane[static_cast<std::size_t>(row) * static_cast<std::size_t>(width_) +
                                                    static_cast<std::size_t>(column)]);
                };
                const float above = sample(top, left) + across * (sample(top, right) - sample(top, left));
                const float below = sample(bottom, left) + across * (sample(bottom, right) - sample(bottom, left));
                out[c * count + at] = above + down * (below - above);
            }
        }
}

void Augmenter::colour(Draws& draws, std::vector<float>& samples) const {
    if (augmentation_.hue > 0 || augmentation_.saturation > 0 || augmentation_.value > 0) shift_colours(draws, samples);
    if (augmentation_.contrast > 0) change_contrast(draws, samples);
    if (augmentation_.noise <= 0) return;
    auto random = draws.stream(kNoise);
    const double deviation = augmentation_.noise * kWhite;
    for (auto& sample : samples) sample += static_cast<float>(deviation * Draws::normal(random));
}

void Augmenter::shift_colours(Draws& draws, std::vector<float>& samples) const {
    auto hues = draws.stream(kHue), saturations = draws.stream(kSaturation), values = draws.stream(kValue);
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
void Augmenter::change_contrast(Draws& draws, std::vector<float>& samples) const {
    auto random = draws.stream(kContrast);
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
void Augmenter::erase(Draws& draws, std::vector<float>& samples) const {
    if (augmentation_.erasing <= 0) return;
    constexpr double kLeastArea = 0.02, kMostArea = 0.33, kMostRatio = 3.3;
    constexpr int kTries = 10;
    auto random = draws.stream(kErasing);
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
