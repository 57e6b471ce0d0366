#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>

#include "base/enum_names.hpp"
#include "base/main_memory.hpp"
#include "base/result.hpp"

namespace digits {

/// Whether what a training needs is there. Tight: it lacks so little that the estimate may be wrong by as much.
enum class MemoryFit { kFits, kTight, kTooLarge };

/// Fields of a model's spec that decide how much memory a training takes.
enum class BatchField { kBatchSize, kValBatchSize };

/// What a training needs, and the memory that it would run in.
struct MemoryNeed {
    std::int64_t needed = 0;  ///< bytes, an estimate
    MemoryRoom room;
    BatchField field = BatchField::kBatchSize;  ///< what is to blame where it does not fit
    int batch_size = 0;                         ///< of that field
    std::optional<int> largest_batch_size;  ///< the largest that fits, where `batch_size` does not; none: not even 1
};

/// Memory that is not known (0) fits.
MemoryFit judge_memory(const MemoryNeed& need);

/// The largest batch size below `batch_size` that needs at most `room` bytes, within 3 % and in multiples of 8 from 16
/// on; none if not even 1 does. `bytes_of` tells what a batch size needs, none if that is not known; more images never
/// need less.
std::optional<int> find_largest_batch(int batch_size, std::int64_t room,
                                      const std::function<std::optional<std::int64_t>(int)>& bytes_of);

/// Refuses a training that does not fit: kResourceExhausted at /batch_size or
/// /val_batch_size with the numbers and what to do.
/// `start_anyway` lets through what is tight.
Status check_memory(const MemoryNeed& need, bool start_anyway);

template <>
struct EnumNames<MemoryFit> {
    static constexpr std::array<std::pair<MemoryFit, std::string_view>, 3> kNames{
        {{MemoryFit::kFits, "fits"}, {MemoryFit::kTight, "tight"}, {MemoryFit::kTooLarge, "too_large"}}};
};

template <>
struct EnumNames<BatchField> {
    static constexpr std::array<std::pair<BatchField, std::string_view>, 2> kNames{
        {{BatchField::kBatchSize, "batch_size"}, {BatchField::kValBatchSize, "val_batch_size"}}};
};

}  // namespace digits
