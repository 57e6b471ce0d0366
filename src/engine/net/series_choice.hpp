#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/net/measures_set.hpp"
#include "engine/net/net.hpp"

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

/// The name of the curve of an output's element: "accuracy", "accuracy[1]".
std::string series_name(const std::string& output, std::int64_t element);

/// The names of the curves of a net.
std::vector<std::string> series_names(const Net& net);

/// What the layers of a net can measure of a whole set of samples, by name, each by the last layer that can; names of
/// the net's outputs are left to these.
std::map<std::string, MeasuresSet*, std::less<>> find_measures(const Net& net);

}  // namespace digits
