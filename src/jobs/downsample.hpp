#pragma once

#include <cstddef>
#include <vector>

#include "jobs/job.hpp"

namespace digits {

/// At most `max_points` of the points, first and last among them, chosen so that peaks stay: the largest triangle a
/// bucket (S. Steinarsson, "Downsampling Time Series for Visual Representation", 2013). 0: all of them.
std::vector<MetricPoint> downsample(std::vector<MetricPoint> points, std::size_t max_points);

}  // namespace digits
