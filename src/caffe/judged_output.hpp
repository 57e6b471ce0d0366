#pragma once

#include <string>

#include "caffe.pb.h"

namespace digits {

/// The output of the deploy network that a validation judges: the scores that an Accuracy layer reads, or the Softmax
/// of these scores. Empty where no output is judged, or more than one.
std::string judged_output(const caffe::NetParameter& train_val, const caffe::NetParameter& deploy);

}  // namespace digits
