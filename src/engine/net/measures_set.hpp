#pragma once

#include <string_view>
#include <vector>

namespace digits {

/// A layer that compares answers with targets, and so can tell more of a whole set of samples than its tops do: the F1
/// of an Accuracy layer, the mean absolute error of a EuclideanLoss. Networks made for Caffe get these numbers without
/// a layer that Caffe does not have.
class MeasuresSet {
  public:
    virtual ~MeasuresSet() = default;
    /// Names of what it could tell with its present shapes: "f1".
    virtual std::vector<std::string_view> measures() const = 0;
    /// From the next begin_set() on the layer gathers what `measured` needs, which costs time and memory.
    virtual void measure() = 0;
    /// One of `measures`, after end_set(); NaN without samples.
    virtual double measured(std::string_view name) const = 0;
};

}  // namespace digits
