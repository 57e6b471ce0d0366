#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/net/net.hpp"
#include "training/trainee.hpp"

namespace digits {

/// An output that has more values than these is not a series: nobody can read so many curves.
inline constexpr std::int64_t kMostSeriesValues = 16;
inline constexpr std::int64_t kMostClassAccuracies = 100;

/// Which outputs of a net are recorded as curves: those of one value, the classes' accuracies of an Accuracy layer, and
/// others of a few values that are not one row for each sample.
struct SeriesChoice {
    std::vector<std::string> recorded;
    std::vector<std::string> warnings;  ///< one sentence for each of the others
};
SeriesChoice choose_series(const Net& net);

/// The values of these outputs after a forward pass; elements after the first are named "output[1]". `joined`: with
/// what joins them to those of other batches.
enum class Joining { kByBatch, kBySample };
/// `complete`: the pass over the set has ended; only then metrics of the whole set have values.
std::vector<ValidationValue> series_values(const Net& net, const std::vector<std::string>& outputs, Joining joining,
                                           bool complete);

}  // namespace digits
