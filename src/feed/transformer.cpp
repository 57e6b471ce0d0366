#include "feed/transformer.hpp"

#include "base/random.hpp"
#include "base/vectorised.hpp"

namespace digits {
namespace {

// (x - mean) * scale for one row; the mirrored ones write it from the other end.
#define DIGITS_ROW_KERNELS(Sample)                                                                     \
    DIGITS_VECTORISED                                                                                  \
    void subtract_row(const Sample* from, const float* mean, float scale, int n, float* to) {          \
        for (int i = 0; i < n; ++i) to[i] = (static_cast<float>(from[i]) - mean[i]) * scale;           \
    }                                                                                                  \
    DIGITS_VECTORISED                                                                                  \
    void subtract_row(const Sample* from, float mean, float scale, int n, float* to) {                 \
        for (int i = 0; i < n; ++i) to[i] = (static_cast<float>(from[i]) - mean) * scale;              \
    }                                                                                                  \
    DIGITS_VECTORISED                                                                                  \
    void subtract_mirrored_row(const Sample* from, const float* mean, float scale, int n, float* to) { \
        for (int i = 0; i < n; ++i) to[n - 1 - i] = (static_cast<float>(from[i]) - mean[i]) * scale;   \
    }                                                                                                  \
    DIGITS_VECTORISED                                                                                  \
    void subtract_mirrored_row(const Sample* from, float mean, float scale, int n, float* to) {        \
        for (int i = 0; i < n; ++i) to[n - 1 - i] = (static_cast<float>(from[i]) - mean) * scale;      \
    }
DIGITS_ROW_KERNELS(std::uint8_t)
DIGITS_ROW_KERNELS(float)
#undef DIGITS_ROW_KERNELS

/// Fields of NVIDIA's Caffe that would change the numbers.
Status check_supported(const caffe::TransformationParameter& p) {
    const std::pair<const char*, bool> unsupported[] = {
        {"img_rand_resize_lower and img_rand_resize_upper", p.img_rand_resize_lower() || p.img_rand_resize_upper()},
        {"rand_resize_ratio_lower and rand_resize_ratio_upper",
         p.rand_resize_ratio_lower() != 0 || p.rand_resize_ratio_upper() != 0},
        {"vertical_stretch_lower and vertical_stretch_upper",
         p.vertical_stretch_lower() != 1 || p.vertical_stretch_upper() != 1},
        {"horizontal_stretch_lower and horizontal_stretch_upper",
         p.horizontal_stretch_lower() != 1 || p.horizontal_stretch_upper() != 1},
        {"crop_h and crop_w", p.crop_h() || p.crop_w()},
        {"resize_param", p.has_resize_param()},
        {"noise_param", p.has_noise_param()},
        {"distort_param", p.has_distort_param()},
        {"expand_param", p.has_expand_param()}};
    for (const auto& [field, given] : unsupported)
        if (given)
            return fail(
                make_error(ErrorCode::kUnsupported, "transform_param: {} of NVIDIA's Caffe is not supported", field)
                    .advise("Leave it out, or vary the images by the model's augmentation"));
    return {};
}

}  // namespace

Result<Transformer> Transformer::create(const caffe::TransformationParameter& parameter, caffe::Phase phase,
                                        std::uint64_t seed, int channels, int height, int width) {
    DIGITS_TRY(check_supported(parameter));
    Transformer t;
    t.channels_ = channels;
    t.height_ = t.out_height_ = height;
    t.width_ = t.out_width_ = width;
    t.mirror_ = parameter.mirror();
    t.scale_ = parameter.scale();
    t.seed_ = seed;
    if (parameter.crop_size() > 0) {
        const auto crop = static_cast<std::int64_t>(parameter.crop_size());
        if (crop > height || crop > width)
            return fail(ErrorCode::kInvalidArgument, "crop_size is {}, but the records are {} x {}", crop, width,
                        height);
        t.out_height_ = t.out_width_ = static_cast<int>(crop);
        t.random_crop_ = phase == caffe::TRAIN;
    }
    if (parameter.has_mean_file()) {
        if (parameter.mean_value_size() > 0)
            return fail(ErrorCode::kInvalidArgument, "transform_param may have mean_file or mean_value, not both");
        DIGITS_ASSIGN(auto mean, read_mean_file(parameter.mean_file()));
        if (mean.channels != channels || mean.height != height || mean.width != width)
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "the mean image has {} channels of {} x {}, but the records have {} of {} x {}",
                                   mean.channels, mean.width, mean.height, channels, width, height)
                            .at(parameter.mean_file()));
        t.mean_image_ = std::move(mean.values);
    }
    const int values = parameter.mean_value_size();
    if (values > 1 && values != channels)
        return fail(ErrorCode::kInvalidArgument,
                    "the number of mean_value entries ({}) must be 1 or the number of channels ({})", values, channels);
    for (int c = 0; c < channels; ++c)
        t.mean_values_.push_back(values == 0 ? 0.0f : parameter.mean_value(values == 1 ? 0 : c));
    return t;
}

Transformer::Choice Transformer::choose(std::uint64_t index) const {
    Choice choice{false, (height_ - out_height_) / 2, (width_ - out_width_) / 2};
    if (!mirror_ && !random_crop_) return choice;
    SplitMix64 random(seed_, index);
    const auto pick = [&](int n) { return static_cast<int>(random.below(static_cast<std::uint64_t>(n))); };
    // Caffe's order of draws.
    if (mirror_) choice.mirror = pick(2) == 1;
    if (random_crop_) {
        choice.top = pick(height_ - out_height_ + 1);
        choice.left = pick(width_ - out_width_ + 1);
    }
    return choice;
}

template <class Sample>
void Transformer::apply_any(const Sample* planes, std::uint64_t index, float* out) const {
    const Choice choice = choose(index);
    const auto width = static_cast<std::size_t>(width_);
    const auto height = static_cast<std::size_t>(height_);
    const bool whole_rows = out_width_ == width_ && !choice.mirror;
    for (std::size_t c = 0; c < static_cast<std::size_t>(channels_); ++c) {
        const std::size_t plane =
            c * height * width + static_cast<std::size_t>(choice.top) * width + static_cast<std::size_t>(choice.left);
        // Rows that follow each other in memory are one long row.
        const int rows = whole_rows ? 1 : out_height_;
        const int length = whole_rows ? out_height_ * out_width_ : out_width_;
        for (int y = 0; y < rows; ++y, out += length) {
            const std::size_t at = plane + static_cast<std::size_t>(y) * width;
            const bool image = !mean_image_.empty();
            if (choice.mirror && image)
                subtract_mirrored_row(planes + at, &mean_image_[at], scale_, length, out);
            else if (choice.mirror)
                subtract_mirrored_row(planes + at, mean_values_[c], scale_, length, out);
            else if (image)
                subtract_row(planes + at, &mean_image_[at], scale_, length, out);
            else
                subtract_row(planes + at, mean_values_[c], scale_, length, out);
        }
    }
}

void Transformer::apply(const std::uint8_t* planes, std::uint64_t index, float* out) const {
    apply_any(planes, index, out);
}
void Transformer::apply(const float* planes, std::uint64_t index, float* out) const { apply_any(planes, index, out); }

}  // namespace digits
