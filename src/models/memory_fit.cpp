#include "models/memory_fit.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/disk_space.hpp"

namespace digits {
namespace {

/// What is lacking may be so much of what is free. The estimate is within 7 % of the peak; other programs free some.
constexpr double kTightShare = 0.15;
constexpr int kMostProbes = 12;

Error with_advice(Error error, const MemoryNeed& need, bool is_tight) {
    if (!need.largest_batch_size)
        return std::move(error).advise(
            "Not even a batch size of 1 fits: choose a smaller network, smaller images or a crop");
    const int largest = *need.largest_batch_size;
    if (need.field == BatchField::kValBatchSize)
        return is_tight
                   ? std::move(error).advise(fmt::format(
                         "Choose a validation batch size of at most {}, end other programs, or set start_anyway: the "
                         "estimate may be too high",
                         largest))
                   : std::move(error).advise(
                         fmt::format("Choose a validation batch size of at most {}, or end other programs", largest));
    if (is_tight)
        return std::move(error).advise(fmt::format(
            "Choose a batch size of at most {}, end other programs, or set start_anyway: the estimate may be too high",
            largest));
    return std::move(error).advise(fmt::format("Choose a batch size of at most {}, or end other programs", largest));
}

/// A round number that people would choose.
int rounded_down(int batch_size) { return batch_size >= 16 ? batch_size / 8 * 8 : batch_size; }

}  // namespace

MemoryFit judge_memory(const MemoryNeed& need) {
    if (need.room.free <= 0 || need.needed <= need.room.free) return MemoryFit::kFits;
    const bool possible = need.room.total <= 0 || need.needed <= need.room.total;
    const auto lacking = static_cast<double>(need.needed - need.room.free);
    return possible && lacking <= kTightShare * static_cast<double>(need.room.free) ? MemoryFit::kTight
                                                                                    : MemoryFit::kTooLarge;
}

std::optional<int> find_largest_batch(int batch_size, std::int64_t room,
                                      const std::function<std::optional<std::int64_t>(int)>& bytes_of) {
    auto low_bytes = bytes_of(1);
    if (!low_bytes || *low_bytes > room) return std::nullopt;
    auto high_bytes = bytes_of(batch_size);
    int low = 1, high = batch_size;  // low fits, high does not
    for (int probe = 0; high_bytes && probe < kMostProbes && high - low > std::max(1, low / 32); ++probe) {
        // Memory is nearly linear in the batch size; every other probe halves the rest, whatever the shape.
        const double share =
            probe % 2 == 0 && *high_bytes > *low_bytes
                ? static_cast<double>(room - *low_bytes) / static_cast<double>(*high_bytes - *low_bytes)
                : 0.5;
        const int middle = std::clamp(low + static_cast<int>(share * (high - low)), low + 1, high - 1);
        const auto bytes = bytes_of(middle);
        if (!bytes) break;
        (*bytes <= room ? low : high) = middle;
        (*bytes <= room ? low_bytes : high_bytes) = bytes;
    }
    return rounded_down(low);
}

Status check_memory(const MemoryNeed& need, bool start_anyway) {
    const auto fit = judge_memory(need);
    if (fit == MemoryFit::kFits || (fit == MemoryFit::kTight && start_anyway)) return {};
    const auto free = size_text(need.room.free), total = size_text(std::max(need.room.total, need.room.free));
    auto error = need.field == BatchField::kValBatchSize
                     ? make_error(ErrorCode::kResourceExhausted,
                                  "The training with a validation batch size of {} needs about {} of memory; {} of {} "
                                  "are free. The training alone would fit",
                                  need.batch_size, size_text(need.needed), free, total)
                     : make_error(ErrorCode::kResourceExhausted,
                                  "The training with a batch size of {} needs about {} of memory; {} of {} are free",
                                  need.batch_size, size_text(need.needed), free, total);
    error.where = fmt::format("/{}", enum_name(need.field));
    return fail(with_advice(std::move(error), need, fit == MemoryFit::kTight));
}

}  // namespace digits
