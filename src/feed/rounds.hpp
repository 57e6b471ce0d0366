#pragma once

#include <cstdint>

namespace digits {

/// What a batch does where the records of a source end.
enum class RoundEnd {
    kWrap,     ///< goes on with the first record, and the next batch from there: Caffe's rule
    kShorten,  ///< ends with the last record; the next batch begins with the first
    kFill,     ///< is filled up with the first records; the next batch begins with the first all the same
};

/// Which records the batches of a source hold.
struct Rounds {
    std::uint64_t records = 1;
    std::uint64_t batch_size = 1;
    RoundEnd end = RoundEnd::kWrap;

    struct Batch {
        /// Number of its first sample since batch 0; sample i is record i mod `records`.
        std::uint64_t first = 0;
        std::uint64_t size = 0;
    };

    /// How many batches hold every record at least once; unless they wrap, exactly these make a round.
    std::uint64_t batches() const { return (records + batch_size - 1) / batch_size; }
    /// Records of the last batch of a round that fills up to this size; 0: it is as large as the others.
    std::uint64_t remainder() const { return records % batch_size; }

    Batch batch(std::uint64_t number) const {
        if (end == RoundEnd::kWrap) return {number * batch_size, batch_size};
        const auto begin = number % batches() * batch_size;
        const bool is_short = end == RoundEnd::kShorten && records - begin < batch_size;
        return {number / batches() * records + begin, is_short ? records - begin : batch_size};
    }
};

}  // namespace digits
