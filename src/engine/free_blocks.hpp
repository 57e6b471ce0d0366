#pragma once

#include <cstddef>
#include <iterator>
#include <map>

namespace digits {

/// Free blocks of memory by size, and which of them a request gets. BlockCache hands out real ones by it, and
/// estimate_memory() foresees with it what that will come to.
template <class Block>
class FreeBlocks {
  public:
    enum class How { kFresh, kTake, kGrow };
    struct Choice {
        How how = How::kFresh;
        std::size_t size = 0;  ///< of the block that was free
        Block block{};
    };

    /// A block that is taken or grown is free no more.
    Choice choose(std::size_t size) {
        const auto larger = free_.lower_bound(size);
        if (larger != free_.end() && larger->first <= size + size / 4) return pop(How::kTake, larger);
        // The pages of a smaller block are of use, too.
        if (larger != free_.begin() && std::prev(larger)->first >= size / 2) return pop(How::kGrow, std::prev(larger));
        if (larger != free_.end() && larger->first <= 2 * size) return pop(How::kTake, larger);
        return {};
    }
    void give(std::size_t size, Block block) { free_.emplace(size, block); }

  private:
    using Place = typename std::multimap<std::size_t, Block>::iterator;
    Choice pop(How how, Place place) {
        const Choice choice{how, place->first, place->second};
        free_.erase(place);
        return choice;
    }

    std::multimap<std::size_t, Block> free_;
};

}  // namespace digits
