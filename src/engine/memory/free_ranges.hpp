#pragma once

#include <cstddef>
#include <iterator>
#include <map>
#include <set>
#include <utility>

namespace digits {

/// The free ranges of a memory region that grows at its end. A request gets the smallest range that is large enough.
/// Adjacent free ranges are merged. BlockCache allocates memory with it, and estimate_memory() simulates that. Offsets
/// and sizes are in bytes.
class FreeRanges {
  public:
    /// Allocates a range of this size; returns its offset.
    std::size_t take(std::size_t size) {
        const auto best = by_size_.lower_bound({size, 0});
        if (best == by_size_.end()) return grow(size);
        const auto [length, place] = *best;
        by_size_.erase(best);
        by_place_.erase(place);
        if (length > size) add(place + size, length - size);
        return place;
    }

    void give(std::size_t place, std::size_t size) {
        const auto next = by_place_.find(place + size);
        if (next != by_place_.end()) size += remove(next);
        const auto after = by_place_.lower_bound(place);
        if (after != by_place_.begin()) {
            const auto previous = std::prev(after);
            const std::size_t begin = previous->first;
            if (begin + previous->second == place) {
                size += remove(previous);
                place = begin;
            }
        }
        add(place, size);
    }

    /// The end of everything that was ever in use.
    std::size_t end() const { return end_; }

  private:
    using Places = std::map<std::size_t, std::size_t>;

    std::size_t grow(std::size_t size) {
        std::size_t place = end_;
        if (!by_place_.empty()) {
            const auto last = std::prev(by_place_.end());
            if (last->first + last->second == end_) {
                place = last->first;
                remove(last);
            }
        }
        end_ = place + size;
        return place;
    }

    void add(std::size_t place, std::size_t size) {
        by_place_.emplace(place, size);
        by_size_.emplace(size, place);
    }

    std::size_t remove(Places::iterator range) {
        const auto [place, size] = *range;
        by_size_.erase({size, place});
        by_place_.erase(range);
        return size;
    }

    Places by_place_;  // size by place
    std::set<std::pair<std::size_t, std::size_t>> by_size_;
    std::size_t end_ = 0;
};

}  // namespace digits
