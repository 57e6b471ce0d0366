#pragma once

#include <string>
#include <vector>

#include "api/context.hpp"
#include "models/model_spec.hpp"

namespace digits::api {

/// Layers that start from scratch because the dataset has other classes.
struct StartingPoint {
    std::vector<std::string> renamed;
};

/// Fills in what a spec takes from other jobs: the network's text and the files of weights. A network that starts from
/// weights gets another last layer where the classes differ. What was filled in before stays. Errors:
/// kInvalidArgument, kFailedPrecondition below /spec/network and /spec/weights.
Result<StartingPoint> take_starting_point(ModelSpec& spec, const Context& context);

/// Weights that are in a job's folder, to be linked into the new job's: so that it can start, and start again, whatever
/// becomes of the other job.
std::vector<JobFile> weights_to_link(const ModelSpec& spec, const Context& context);

}  // namespace digits::api
