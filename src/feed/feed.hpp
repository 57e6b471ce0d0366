#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/result.hpp"
#include "caffe.pb.h"
#include "caffe/augmentation.hpp"
#include "feed/rounds.hpp"

namespace digits {

/// What the records are. Boxes and masks are moved, cropped and mirrored as their images are: the feed then has the
/// augmentation, the phase and the seed of the images' feed, and crop and mirror of its transform.
enum class FeedRecords { kImages, kMask, kBoxes };

struct FeedOptions {
    std::filesystem::path source;  ///< LMDB or LevelDB, as its files tell
    FeedRecords records = FeedRecords::kImages;
    std::filesystem::path images;  ///< boxes: the database of their images
    int batch_size = 1;
    caffe::TransformationParameter transform;
    Augmentation augmentation;
    caffe::Phase phase = caffe::TRAIN;
    std::uint64_t seed = 0;
    int threads = 0;   ///< 0: all cores
    int prefetch = 4;  ///< batches made ahead
    std::uint64_t first_batch = 0;
    RoundEnd round_end = RoundEnd::kWrap;
    /// Encoded images stay decoded in memory when all of them fit.
    std::uint64_t cache_bytes = std::uint64_t{256} << 20;
};

struct FeedBatch {
    const float* data = nullptr;
    const float* labels = nullptr;  ///< one per image
    std::array<std::int64_t, 4> shape{};
};

/// Batches of a database as Caffe's Data layer makes them: its records round after round (rounds.hpp), decoded, varied
/// (feed/augmenter.hpp), cropped, mirrored, mean subtracted, scaled, in planes of B, G, R. Every batch depends on
/// options and its number alone, not on threads or on where the feed started. One consumer thread.
class Feed {
  public:
    /// Errors: those of RecordDatabase::open, kInvalidArgument (transform and records do not fit), kDataLoss.
    static Result<std::unique_ptr<Feed>> open(const FeedOptions& options);
    ~Feed();
    Feed(const Feed&) = delete;
    Feed& operator=(const Feed&) = delete;

    /// Of the first batch; batches of one record may differ.
    std::array<std::int64_t, 4> shape() const;
    std::uint64_t record_count() const;
    const Rounds& rounds() const;
    /// The next batch; it stays valid until the following call. A batch with a damaged record gives that error, naming
    /// the record; the batch after it can still be taken.
    Result<FeedBatch> next();
    /// All the time that `next` has waited.
    double wait_seconds() const;

  private:
    class Pipeline;
    explicit Feed(std::unique_ptr<Pipeline> pipeline);

    std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace digits
