#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"
#include "models/model_spec.hpp"

namespace digits {

/// Whether the files of initial weights are there: looks at them, so in a worker only. Errors: kNotFound with the JSON
/// path in `where`.
Status check_weights_are_there(const ModelSpec& spec);

/// Whether what the spec says of layers that have initial weights fits the network. Errors: kInvalidArgument with the
/// JSON path in `where`.
Status check_start(const ModelSpec& spec, const caffe::NetParameter& network);

/// How long a training is, and how many images it sees at once.
struct TrainingLength {
    std::int64_t iterations = 0;
    std::int64_t batch_size = 0;
};

/// Writes into the network to train how its layers with initial weights learn: `freeze_percent`, `freeze_to` and
/// `trunk_rate` of the spec. Frozen BatchNorm layers use the statistics that came with the weights, for the whole
/// training: the first batches of new images would spoil them, and few images never make good ones. So do those of
/// transfer learning in batches of less than four images, whose own statistics are far from those of all images: what
/// is learned with them is wrong without. Returns warnings. Errors: those of read_layer_blobs().
Result<std::vector<std::string>> set_rates_of_start(const ModelSpec& spec, const TrainingLength& length,
                                                    caffe::NetParameter& net);

}  // namespace digits
