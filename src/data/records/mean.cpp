#include "data/records/mean.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "base/file.hpp"
#include "base/vectorised.hpp"
#include "caffe.pb.h"

namespace digits {
namespace {

// So many 8-bit samples fit a 32-bit sum.
constexpr std::uint64_t kMostUnflushed = 0xffffffffull / 255;

DIGITS_VECTORISED
void add_samples(const std::uint8_t* samples, std::size_t n, std::uint32_t* sums) {
    for (std::size_t i = 0; i < n; ++i) sums[i] += samples[i];
}

}  // namespace

void MeanAccumulator::add(const Image& image) {
    if (count_ == 0) {
        width_ = image.width;
        height_ = image.height;
        channels_ = image.channels;
        deep_sums_.assign(image.values.size(), 0);
        recent_.assign(image.pixels.size(), 0);
        sums_.assign(image.pixels.size(), 0);
    }
    DIGITS_CHECK(image.width == width_ && image.height == height_ && image.channels == channels_);
    if (image.is_deep()) {
        for (std::size_t i = 0; i < deep_sums_.size(); ++i) deep_sums_[i] += static_cast<double>(image.values[i]);
        ++count_;
        return;
    }
    if (unflushed_ == kMostUnflushed) flush();
    add_samples(image.pixels.data(), recent_.size(), recent_.data());
    ++count_;
    ++unflushed_;
}

void MeanAccumulator::flush() {
    for (std::size_t i = 0; i < recent_.size(); ++i) sums_[i] += recent_[i];
    std::fill(recent_.begin(), recent_.end(), 0u);
    unflushed_ = 0;
}

void MeanAccumulator::merge(const MeanAccumulator& other) {
    if (other.count_ == 0) return;
    if (count_ == 0) {
        *this = other;
        return;
    }
    DIGITS_CHECK(other.width_ == width_ && other.height_ == height_ && other.channels_ == channels_);
    for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] += other.sums_[i] + other.recent_[i];
    for (std::size_t i = 0; i < deep_sums_.size(); ++i) deep_sums_[i] += other.deep_sums_[i];
    count_ += other.count_;
}

Image MeanAccumulator::mean() const {
    DIGITS_CHECK(count_ > 0);
    Image image;
    if (!deep_sums_.empty()) {
        image.reset_deep(width_, height_, channels_);
        for (std::size_t i = 0; i < deep_sums_.size(); ++i)
            image.values[i] = static_cast<float>(deep_sums_[i] / static_cast<double>(count_));
        return image;
    }
    image.reset(width_, height_, channels_);
    for (std::size_t i = 0; i < sums_.size(); ++i) {
        const auto sum = static_cast<double>(sums_[i] + recent_[i]);
        image.pixels[i] = static_cast<std::uint8_t>(std::nearbyint(sum / static_cast<double>(count_)));
    }
    return image;
}

MeanBlob to_mean_blob(const Image& mean) {
    if (mean.is_deep()) {
        std::vector<float> planes(mean.values.size());
        to_planar_bgr(mean, planes.data());
        return {mean.channels, mean.height, mean.width, std::move(planes)};
    }
    std::vector<std::uint8_t> planes(mean.pixels.size());
    to_planar_bgr(mean, planes.data());
    return {mean.channels, mean.height, mean.width, std::vector<float>(planes.begin(), planes.end())};
}

Result<MeanBlob> read_mean_file(const std::filesystem::path& path) {
    DIGITS_ASSIGN(const auto bytes, read_file(path));
    caffe::BlobProto blob;
    if (!blob.ParseFromString(bytes))
        return fail(
            make_error(ErrorCode::kDataLoss, "the file is not a mean image: it has no BlobProto").at(path.string()));
    MeanBlob mean;
    if (blob.has_shape()) {
        const auto& shape = blob.shape();
        const int axes = shape.dim_size();
        if (axes != 3 && !(axes == 4 && shape.dim(0) == 1))
            return fail(make_error(ErrorCode::kDataLoss,
                                   "a mean image must have 3 axes, or 4 of which the first is 1; got {}", axes)
                            .at(path.string()));
        mean.channels = static_cast<int>(shape.dim(axes - 3));
        mean.height = static_cast<int>(shape.dim(axes - 2));
        mean.width = static_cast<int>(shape.dim(axes - 1));
    } else {
        mean.channels = blob.channels();
        mean.height = blob.height();
        mean.width = blob.width();
    }
    if (blob.data_size() > 0)
        mean.values.assign(blob.data().begin(), blob.data().end());
    else
        mean.values.assign(blob.double_data().begin(), blob.double_data().end());
    const auto expected = std::int64_t{mean.channels} * mean.height * mean.width;
    if (expected <= 0 || static_cast<std::int64_t>(mean.values.size()) != expected)
        return fail(make_error(ErrorCode::kDataLoss, "{} values for {} channels of {} x {}", mean.values.size(),
                               mean.channels, mean.width, mean.height)
                        .at(path.string()));
    return mean;
}

std::vector<double> mean_pixel(const MeanBlob& mean) {
    const std::size_t plane = static_cast<std::size_t>(mean.height) * static_cast<std::size_t>(mean.width);
    std::vector<double> pixel;
    for (std::size_t c = 0; c < static_cast<std::size_t>(mean.channels); ++c) {
        double sum = 0;
        for (std::size_t i = 0; i < plane; ++i) sum += mean.values[c * plane + i];
        pixel.push_back(sum / static_cast<double>(plane));
    }
    return pixel;
}

}  // namespace digits
