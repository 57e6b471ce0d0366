#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "caffe.pb.h"
#include "data/sources/files/image_list.hpp"
#include "feed/batch_ahead.hpp"
#include "feed/transformer.hpp"
#include "image/image.hpp"

namespace digits {

struct ImageListOptions {
    std::filesystem::path source;    ///< lines of `path label`
    std::filesystem::path base_dir;  ///< relative paths start here
    std::string root_folder;         ///< in front of every path of the list
    int batch_size = 1;
    int new_height = 0, new_width = 0;  ///< 0: as the image is
    int short_side = 0;                 ///< the shorter side's length; 0: as the image is
    bool is_color = true;
    bool shuffle = false;
    std::uint64_t rand_skip = 0;  ///< start somewhere below this
    caffe::TransformationParameter transform;
    caffe::Phase phase = caffe::TRAIN;
    std::uint64_t seed = 0;
    int threads = 0;  ///< 0: all cores
    std::uint64_t first_batch = 0;
};

/// Batches of image files out of a list, as Caffe's ImageData layer makes them. Every batch depends on options and
/// its number alone. One consumer thread.
class ImageListFeed {
  public:
    /// Errors: those of the list (a line that is not `path label` is one), of the transform and the first image.
    static Result<std::unique_ptr<ImageListFeed>> open(const ImageListOptions& options);

    /// Of the first batch; without a wanted size, batches of one image may differ.
    std::array<std::int64_t, 4> shape() const { return shape_; }
    std::uint64_t image_count() const { return list_.size(); }
    /// The next batch; it stays valid until the following call.
    Result<FeedBatch> next() { return batches_->next(); }
    double wait_seconds() const { return batches_->wait_seconds(); }

  private:
    explicit ImageListFeed(const ImageListOptions& options) : options_(options) {}
    Result<BatchAhead::Batch> make(std::uint64_t number);
    Result<Image> read(const ListEntry& entry) const;
    /// The entry that is read as the `index`th since the start.
    const ListEntry& entry_at(std::uint64_t index);
    Status prepare_transformer(const Image& image);

    const ImageListOptions options_;
    std::vector<ListEntry> list_;
    std::uint64_t skip_ = 0;
    std::vector<std::size_t> order_;  // of the epoch
    std::optional<std::uint64_t> epoch_;
    std::optional<Transformer> transformer_;
    std::array<int, 3> size_{};  // channels, height, width that the transformer is for
    std::array<std::int64_t, 4> shape_{};
    std::unique_ptr<BatchAhead> batches_;
};

}  // namespace digits
