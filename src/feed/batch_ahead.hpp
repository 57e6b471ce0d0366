#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <vector>

#include "base/result.hpp"
#include "feed/feed.hpp"

namespace digits {

/// Makes batch n + 1 while the consumer has batch n. One consumer thread.
class BatchAhead {
  public:
    struct Batch {
        std::vector<float> data, labels;
        std::array<std::int64_t, 4> shape{};
    };
    /// Called from another thread, one call at a time.
    using Make = std::function<Result<Batch>(std::uint64_t number)>;

    BatchAhead(Make make, std::uint64_t first_batch);
    /// The next batch; it stays valid until the following call.
    Result<FeedBatch> next();
    /// All the time that `next` has waited.
    double wait_seconds() const { return waited_; }

  private:
    void start();

    Make make_;
    std::uint64_t number_;
    Batch current_;
    double waited_ = 0;
    std::future<Result<Batch>> coming_;  // last, so that it ends before the rest goes
};

/// Calls `work(i)` for i in [0, count) from several threads (0: all cores); the failure of the smallest i.
Status for_each_item(int count, int threads, const std::function<Status(int)>& work);

}  // namespace digits
