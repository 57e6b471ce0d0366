#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"

namespace digits {

/// How a file of weights and a network go together.
struct WeightsFit {
    std::int64_t parameters = 0;               ///< of the network
    std::vector<std::string> with_weights;     ///< layers that the file has values for
    std::vector<std::string> without_weights;  ///< layers with parameters that it has none for
    std::vector<std::string> unused;           ///< layers with values that the network lacks
};

/// Builds the network to use on the CPU and puts the weights into it; nothing is run. `deploy` is upgraded.
/// Errors: kInvalidArgument with layer and shapes; what building a net gives.
Result<WeightsFit> fit_weights(const caffe::NetParameter& deploy, const caffe::NetParameter& weights);

}  // namespace digits
