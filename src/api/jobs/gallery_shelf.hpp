#pragma once

#include <algorithm>
#include <list>
#include <mutex>
#include <string>
#include <utility>

#include "data/records/gallery.hpp"
#include "jobs/manager.hpp"

namespace digits::api {

/// Galleries that were looked at last: reading the list of a million pictures again for each page would be slow.
class GalleryShelf {
  public:
    /// Calls `use` with the split's gallery, one caller at a time, so that no database is opened twice. Errors:
    /// kFailedPrecondition of a dataset that is not done, kNotFound, kUnsupported for HDF5.
    template <class Use>
    auto with(const Job& job, const std::string& split, const JobManager& jobs, Use use)
        -> decltype(use(std::declval<const Gallery&>())) {
        const std::scoped_lock lock(mutex_);
        const auto key = job.id + "/" + split;
        auto known = std::ranges::find(kept_, key, &Kept::first);
        if (known == kept_.end()) {
            DIGITS_ASSIGN(auto gallery, open(job, split, jobs));
            kept_.emplace_front(key, std::move(gallery));
            if (kept_.size() > kMostKept) kept_.pop_back();
        } else {
            kept_.splice(kept_.begin(), kept_, known);
        }
        return use(kept_.front().second);
    }

  private:
    using Kept = std::pair<std::string, Gallery>;
    static constexpr std::size_t kMostKept = 3;

    static Result<Gallery> open(const Job& job, const std::string& split, const JobManager& jobs);

    std::mutex mutex_;
    std::list<Kept> kept_;  ///< newest first
};

}  // namespace digits::api
