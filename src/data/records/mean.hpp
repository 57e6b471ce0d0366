#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/result.hpp"
#include "image/image.hpp"

namespace digits {

/// Exact sums of images of one size. Each thread fills its own; `merge` puts them together.
class MeanAccumulator {
  public:
    void add(const Image& image);
    void merge(const MeanAccumulator& other);
    std::uint64_t count() const { return count_; }
    /// Each sample's mean, rounded half to even as numpy does; that of deep images is deep and not rounded. At least
    /// one image must have been added.
    Image mean() const;

  private:
    void flush();

    int width_ = 0;
    int height_ = 0;
    int channels_ = 0;
    std::uint64_t count_ = 0;
    std::uint64_t unflushed_ = 0;
    std::vector<std::uint32_t> recent_;  ///< of the last images; narrow, so that more fit a vector register
    std::vector<std::uint64_t> sums_;
    std::vector<double> deep_sums_;  ///< of deep images, instead of both
};

/// A mean as Caffe has it: planes, B G R order for 3 channels.
struct MeanBlob {
    int channels = 0;
    int height = 0;
    int width = 0;
    std::vector<float> values;
};

MeanBlob to_mean_blob(const Image& mean);
/// Reads a `.binaryproto`. Errors: kNotFound, kDataLoss.
Result<MeanBlob> read_mean_file(const std::filesystem::path& path);
/// Writes `mean.binaryproto` (BlobProto with num 1, channels, height, width) and `mean.jpg` into a folder.
Status write_mean_files(const Image& mean, const std::filesystem::path& folder);
/// The average over height and width, one value a channel, in the blob's order.
std::vector<double> mean_pixel(const MeanBlob& mean);

}  // namespace digits
