#include "feed/window_feed.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "base/file.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "feed/listed_path.hpp"
#include "image/decode.hpp"
#include "image/resize_linear.hpp"

namespace digits {
namespace {

/// One axis of a window: what is read of the image, and where that is in the crop.
struct Span {
    int first = 0, last = 0;  ///< of the image, both inside
    int length = 0;           ///< of the crop
    int before = 0, after = 0;
};

int rounded(double value) { return static_cast<int>(std::lround(value)); }

/// The window about its centre, `half` to either side, enlarged by `scale` and cut at the image of `size`.
Span enlarged(double centre, double half, double scale, int size, int crop) {
    Span span{rounded(centre - half * scale), rounded(centre + half * scale)};
    const int whole = span.last - span.first + 1;
    const int missing_before = std::max(0, -span.first), missing_after = std::max(0, span.last - size + 1);
    span.first += missing_before;
    span.last -= missing_after;
    const double stretch = static_cast<double>(crop) / whole;
    span.before = rounded(missing_before * stretch);
    span.after = rounded(missing_after * stretch);
    span.length = rounded((span.last - span.first + 1) * stretch);
    return span;
}

Image cut(const Image& image, const Span& x, const Span& y) {
    Image out;
    out.reset(x.last - x.first + 1, y.last - y.first + 1, image.channels);
    for (int row = 0; row < out.height; ++row)
        std::copy_n(image.row(y.first + row) + x.first * image.channels, out.row_bytes(), out.row(row));
    return out;
}

}  // namespace

Result<std::unique_ptr<WindowFeed>> WindowFeed::open(const WindowOptions& options) {
    std::unique_ptr<WindowFeed> feed(new WindowFeed(options));
    const auto& window = options.window;
    feed->crop_ = static_cast<int>(options.transform.crop_size());
    if (feed->crop_ < 1 || window.batch_size() < 1)
        return fail(ErrorCode::kInvalidArgument, "crop_size and batch_size must be positive; got {} and {}",
                    feed->crop_, window.batch_size());
    if (window.crop_mode() != "warp" && window.crop_mode() != "square")
        return fail(ErrorCode::kInvalidArgument, "crop_mode must be warp or square; got \"{}\"", window.crop_mode());
    if (2 * window.context_pad() >= static_cast<std::uint32_t>(feed->crop_))
        return fail(ErrorCode::kInvalidArgument, "context_pad {} leaves nothing of crop_size {}", window.context_pad(),
                    feed->crop_);
    DIGITS_TRY(feed->read_source());
    DIGITS_TRY(feed->read_mean());
    feed->shape_ = {window.batch_size(), feed->channels_, feed->crop_, feed->crop_};
    feed->batches_ = std::make_unique<BatchAhead>(
        [self = feed.get()](std::uint64_t number) { return self->make(number); }, options.first_batch);
    return feed;
}

Status WindowFeed::read_source() {
    DIGITS_ASSIGN(const auto text, read_text_file(options_.source.string(), std::uint64_t{1} << 31));
    std::istringstream in(text);
    const auto where = [&] {
        const auto at = in.tellg() < 0 ? text.size() : static_cast<std::size_t>(in.tellg());
        return fmt::format("{}:{}", options_.source.string(),
                           1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
    };
    std::string hash;
    std::int64_t index = 0;
    while (in >> hash) {
        std::string path;
        int channels = 0, height = 0, width = 0, count = 0;
        if (hash != "#" || !(in >> index >> path >> channels >> height >> width >> count) || count < 0)
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "an image must have \"# index\", path, channels, height, width and count")
                            .at(where()));
        if (channels_ == 0) channels_ = channels;
        if (channels != channels_ || (channels != 1 && channels != 3))
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "the image has {} channels; it must have 1 or 3, as many as the first image",
                                   channels)
                            .at(where()));
        image_paths_.push_back(listed_path(options_.base_dir, options_.window.root_folder(), path).string());
        for (int i = 0; i < count; ++i) {
            Window window{image_paths_.size() - 1};
            float overlap = 0;
            if (!(in >> window.label >> overlap >> window.left >> window.top >> window.right >> window.bottom))
                return fail(
                    make_error(ErrorCode::kInvalidArgument, "a window must have label, overlap, x1, y1, x2 and y2")
                        .at(where()));
            if (window.left < 0 || window.top < 0 || window.right >= width || window.bottom >= height ||
                window.left > window.right || window.top > window.bottom)
                return fail(make_error(ErrorCode::kInvalidArgument,
                                       "the window {} {} {} {} is not inside its image of {} x {}", window.left,
                                       window.top, window.right, window.bottom, width, height)
                                .at(where()));
            if (overlap >= options_.window.fg_threshold()) {
                if (window.label < 1)
                    return fail(make_error(ErrorCode::kInvalidArgument,
                                           "the label of a foreground window must be at least 1; got {}", window.label)
                                    .at(where()));
                foreground_.push_back(window);
            } else if (overlap < options_.window.bg_threshold()) {
                window.label = 0;
                background_.push_back(window);
            }
        }
    }
    const auto count = static_cast<int>(options_.window.batch_size());
    const int wanted = static_cast<int>(static_cast<float>(count) * options_.window.fg_fraction());
    if ((wanted > 0 && foreground_.empty()) || (wanted < count && background_.empty()))
        return fail(make_error(ErrorCode::kInvalidArgument,
                               "{} foreground and {} background windows, but a batch has {} and {}", foreground_.size(),
                               background_.size(), wanted, count - wanted)
                        .at(options_.source.string()));
    return {};
}

Status WindowFeed::read_mean() {
    const auto& transform = options_.transform;
    if (transform.has_mean_file()) {
        if (transform.mean_value_size() > 0)
            return fail(ErrorCode::kInvalidArgument, "transform_param may have mean_file or mean_value, not both");
        DIGITS_ASSIGN(auto mean, read_mean_file(transform.mean_file()));
        if (mean.channels != channels_ || mean.width < crop_ || mean.height < crop_)
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "the mean image has {} channels of {} x {}; it must have {} of at least {} x {}",
                                   mean.channels, mean.width, mean.height, channels_, crop_, crop_)
                            .at(transform.mean_file()));
        mean_ = std::move(mean);
    }
    const int values = transform.mean_value_size();
    if (values > 1 && values != channels_)
        return fail(ErrorCode::kInvalidArgument,
                    "the number of mean_value entries ({}) must be 1 or the number of channels ({})", values,
                    channels_);
    for (int c = 0; c < channels_; ++c)
        mean_values_.push_back(values == 0 ? 0.0F : transform.mean_value(values == 1 ? 0 : c));
    return {};
}

Result<BatchAhead::Batch> WindowFeed::make(std::uint64_t number) const {
    const auto count = static_cast<int>(options_.window.batch_size());
    const int background = count - static_cast<int>(static_cast<float>(count) * options_.window.fg_fraction());
    SplitMix64 random(options_.seed, number);
    std::vector<std::pair<const Window*, bool>> chosen;
    for (int i = 0; i < count; ++i) {
        const auto& from = i < background ? background_ : foreground_;
        const Window* window = &from[random.below(from.size())];
        chosen.emplace_back(window, options_.transform.mirror() && random.below(2) == 1);
    }
    BatchAhead::Batch batch;
    batch.shape = shape_;
    const auto item = static_cast<std::size_t>(shape_[1] * shape_[2] * shape_[3]);
    batch.data.resize(item * chosen.size());  // zeros where a window reaches past its image
    for (const auto& [window, mirror] : chosen) batch.labels.push_back(static_cast<float>(window->label));
    DIGITS_TRY(for_each_item(count, options_.threads, [&](int i) -> Status {
        const auto at = static_cast<std::size_t>(i);
        return warp(*chosen[at].first, chosen[at].second, batch.data.data() + at * item);
    }));
    return batch;
}

Status WindowFeed::warp(const Window& window, bool mirror, float* out) const {
    const std::string& path = image_paths_[window.image];
    DIGITS_ASSIGN(const auto bytes, read_file(path));
    auto decoded = decode_image(bytes);
    if (!decoded) return fail(std::move(decoded).error().at(path));
    const Image image = convert_channels(std::move(*decoded), channels_);
    if (window.right >= image.width || window.bottom >= image.height)
        return fail(make_error(ErrorCode::kInvalidArgument, "the image is {} x {}, smaller than the list says",
                               image.width, image.height)
                        .at(path));
    Span x{window.left, window.right, crop_}, y{window.top, window.bottom, crop_};
    const bool square = options_.window.crop_mode() == "square";
    const auto pad = static_cast<int>(options_.window.context_pad());
    if (pad > 0 || square) {
        const double scale = static_cast<double>(crop_) / (crop_ - 2 * pad);
        double half_width = (window.right - window.left + 1) / 2.0,
               half_height = (window.bottom - window.top + 1) / 2.0;
        const double centre_x = window.left + half_width, centre_y = window.top + half_height;
        if (square) half_width = half_height = std::max(half_width, half_height);
        x = enlarged(centre_x, half_width, scale, image.width, crop_);
        y = enlarged(centre_y, half_height, scale, image.height, crop_);
    }
    const int left = mirror ? x.after : x.before;
    const int width = std::min(x.length, crop_ - left), height = std::min(y.length, crop_ - y.before);
    if (width < 1 || height < 1) return {};
    const Image part = resize_linear(cut(image, x, y), width, height);
    const int offset = mean_ ? (mean_->width - crop_) / 2 : 0;
    for (int c = 0; c < channels_; ++c)
        for (int row = 0; row < height; ++row)
            for (int column = 0; column < width; ++column) {
                const int from = mirror ? width - 1 - column : column;
                const auto sample = static_cast<float>(part.row(row)[from * channels_ + (channels_ - 1 - c)]);
                const int at_y = row + y.before, at_x = column + left;
                const float mean = mean_ ? mean_->values[static_cast<std::size_t>(
                                               (c * mean_->height + at_y + offset) * mean_->width + at_x + offset)]
                                         : mean_values_[static_cast<std::size_t>(c)];
                out[(c * crop_ + at_y) * crop_ + at_x] = (sample - mean) * options_.window.scale();
            }
    return {};
}

}  // namespace digits
