#include "feed/image_list_feed.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/file.hpp"
#include "base/random.hpp"
#include "feed/listed_path.hpp"
#include "image/decode.hpp"
#include "image/resize_linear.hpp"

namespace digits {

namespace {

Result<std::vector<ListEntry>> read_list(const ImageListOptions& options) {
    DIGITS_ASSIGN(auto entries, read_strict_image_list(options.source));
    for (ListEntry& entry : entries)
        entry.path = listed_path(options.base_dir, options.root_folder, entry.path).string();
    return entries;
}

}  // namespace

Result<std::unique_ptr<ImageListFeed>> ImageListFeed::open(const ImageListOptions& options) {
    if (options.batch_size < 1)
        return fail(ErrorCode::kInvalidArgument, "batch_size must be positive; got {}", options.batch_size);
    if ((options.new_height == 0) != (options.new_width == 0))
        return fail(ErrorCode::kInvalidArgument, "new_height and new_width must be given together; got {} and {}",
                    options.new_height, options.new_width);
    std::unique_ptr<ImageListFeed> feed(new ImageListFeed(options));
    DIGITS_ASSIGN(feed->list_, read_list(options));
    if (options.rand_skip > 0) feed->skip_ = SplitMix64(options.seed, 1).below(options.rand_skip);
    DIGITS_ASSIGN(const auto first, feed->read(feed->entry_at(feed->skip_)));
    DIGITS_TRY(feed->prepare_transformer(first));
    feed->shape_ = {options.batch_size, feed->transformer_->channels(), feed->transformer_->height(),
                    feed->transformer_->width()};
    feed->batches_ = std::make_unique<BatchAhead>(
        [self = feed.get()](std::uint64_t number) { return self->make(number); }, options.first_batch);
    return feed;
}

const ListEntry& ImageListFeed::entry_at(std::uint64_t index) {
    const std::uint64_t epoch = index / list_.size(), place = index % list_.size();
    if (!options_.shuffle) return list_[place];
    if (epoch_ != epoch) {
        order_.resize(list_.size());
        std::iota(order_.begin(), order_.end(), std::size_t{0});
        SplitMix64 random(options_.seed, 2 + epoch);
        shuffle(std::span(order_), random);
        epoch_ = epoch;
    }
    return list_[order_[place]];
}

Result<Image> ImageListFeed::read(const ListEntry& entry) const {
    DIGITS_ASSIGN(const auto bytes, read_file(entry.path));
    auto decoded = decode_image(bytes);
    if (!decoded) return fail(std::move(decoded).error().at(entry.path));
    Image image = convert_channels(std::move(*decoded), options_.is_color ? 3 : 1);
    if (options_.new_height > 0) return resize_linear(image, options_.new_width, options_.new_height);
    if (options_.short_side > 0) {
        const double scale = static_cast<double>(options_.short_side) / std::min(image.width, image.height);
        return resize_linear(image, static_cast<int>(std::lround(image.width * scale)),
                             static_cast<int>(std::lround(image.height * scale)));
    }
    return image;
}

Status ImageListFeed::prepare_transformer(const Image& image) {
    const std::array<int, 3> size{image.channels, image.height, image.width};
    if (transformer_ && size == size_) return {};
    DIGITS_ASSIGN(auto made, Transformer::create(options_.transform, options_.phase, options_.seed, image.channels,
                                                 image.height, image.width));
    transformer_ = std::move(made);
    size_ = size;
    return {};
}

Result<BatchAhead::Batch> ImageListFeed::make(std::uint64_t number) {
    const int count = options_.batch_size;
    const std::uint64_t first = number * static_cast<std::uint64_t>(count);
    std::vector<const ListEntry*> entries;
    for (int i = 0; i < count; ++i) entries.push_back(&entry_at(skip_ + first + static_cast<std::uint64_t>(i)));
    std::vector<Image> images(entries.size());
    DIGITS_TRY(for_each_item(count, options_.threads, [&](int i) -> Status {
        DIGITS_ASSIGN(images[static_cast<std::size_t>(i)], read(*entries[static_cast<std::size_t>(i)]));
        return {};
    }));
    DIGITS_TRY(prepare_transformer(images[0]));
    BatchAhead::Batch batch;
    batch.shape = {count, transformer_->channels(), transformer_->height(), transformer_->width()};
    const auto item = static_cast<std::size_t>(batch.shape[1] * batch.shape[2] * batch.shape[3]);
    batch.data.resize(item * entries.size());
    for (const auto* entry : entries) batch.labels.push_back(static_cast<float>(entry->label));
    DIGITS_TRY(for_each_item(count, options_.threads, [&](int i) -> Status {
        const auto at = static_cast<std::size_t>(i);
        const Image& image = images[at];
        if (std::array{image.channels, image.height, image.width} != size_)
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "the image is {} x {}, the first one of its batch {} x {}", image.width,
                                   image.height, size_[2], size_[1])
                            .at(entries[at]->path)
                            .advise("Set new_height and new_width, or batch_size: 1"));
        std::vector<std::uint8_t> planes(image.pixels.size());
        to_planar_bgr(image, planes.data());
        transformer_->apply(planes.data(), first + at, batch.data.data() + at * item);
        return {};
    }));
    return batch;
}

}  // namespace digits
