#pragma once

#include <functional>
#include <future>
#include <memory>

#include "engine/net/layer.hpp"
#include "feed/feed.hpp"

namespace digits {

/// Fills a data layer's tops, images and labels, with the batches of a feed. On a GPU the next batch is copied
/// while the net computes.
class BatchTops {
  public:
    /// `next` gives a batch that stays valid until the following call; on a GPU another thread calls it.
    BatchTops(std::function<Result<FeedBatch>()> next, const Device& device);
    ~BatchTops();

    /// One or two tops. Throws EngineError with the feed's error.
    void fill(const Blobs& top);
    /// All the time that `fill` has waited.
    double wait_seconds() const { return waited_; }

  private:
    struct Sent;
    Result<Sent> send();
    void start();
    void fill_from_gpu(const Blobs& top);

    std::function<Result<FeedBatch>()> next_;
    const Device device_;
    double waited_ = 0;
    std::unique_ptr<std::future<Result<Sent>>> coming_;  // last, so that it is destroyed first
};

}  // namespace digits
