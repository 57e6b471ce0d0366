#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"
#include "data/records/mean.hpp"
#include "feed/batch_ahead.hpp"
#include "image/image.hpp"

namespace digits {

struct WindowOptions {
    std::filesystem::path source;    ///< blocks of `# index`, path, channels, height, width, count, then windows
    std::filesystem::path base_dir;  ///< relative paths start here
    caffe::WindowDataParameter window;
    caffe::TransformationParameter transform;  ///< crop_size, mirror and mean; scale is the window's
    std::uint64_t seed = 0;
    int threads = 0;  ///< 0: all cores
    std::uint64_t first_batch = 0;
};

/// Batches of windows of images, warped to one size, as Caffe's WindowData layer makes them for R-CNN: background
/// first, then foreground. Every batch depends on options and its number alone. One consumer thread.
class WindowFeed {
  public:
    /// Errors: those of the list, named by line; no window of a kind that a batch needs; the mean.
    static Result<std::unique_ptr<WindowFeed>> open(const WindowOptions& options);

    std::array<std::int64_t, 4> shape() const { return shape_; }
    std::size_t foreground_count() const { return foreground_.size(); }
    std::size_t background_count() const { return background_.size(); }
    /// The next batch; it stays valid until the following call.
    Result<FeedBatch> next() { return batches_->next(); }
    double wait_seconds() const { return batches_->wait_seconds(); }

  private:
    struct Window {
        std::size_t image = 0;
        int label = 0;
        int left = 0, top = 0, right = 0, bottom = 0;  ///< both ends are inside
    };

    explicit WindowFeed(const WindowOptions& options) : options_(options) {}
    Status read_source();
    Status read_mean();
    Result<BatchAhead::Batch> make(std::uint64_t number) const;
    Status warp(const Window& window, bool mirror, float* out) const;

    const WindowOptions options_;
    std::vector<std::string> image_paths_;  // paths
    int channels_ = 0;
    int crop_ = 0;
    std::vector<Window> foreground_, background_;
    std::optional<MeanBlob> mean_;
    std::vector<float> mean_values_;  // one a channel
    std::array<std::int64_t, 4> shape_{};
    std::unique_ptr<BatchAhead> batches_;
};

}  // namespace digits
