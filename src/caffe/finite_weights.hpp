#pragma once

#include "base/result.hpp"
#include "caffe.pb.h"

namespace digits {

/// Errors: kFailedPrecondition, in words for a person, when a value of a layer is NaN or infinite: what follows from
/// such weights means nothing. kDataLoss for a count of values that does not fit the shape.
Status check_finite_weights(const caffe::NetParameter& weights);

}  // namespace digits
