#pragma once

#include "caffe/digits_rules.hpp"

namespace digits {

/// The sizes that the network side of the rules has settled.
struct BatchFacts {
    int batch_size = 0;
    int val_batch_size = 0;  ///< 0: no validation
    std::int64_t iterations_per_epoch = 0;
};

/// How often the weights are moved in one epoch.
std::int64_t iterations_per_epoch(std::int64_t train_count, int batch_size, int batch_accumulation);

/// DIGITS's solver.prototxt. Errors: kInvalidArgument for a training too long, or a momentum where there is none.
Result<caffe::SolverParameter> make_solver(const TrainingData& dataset, const TrainingChoices& choices,
                                           const BatchFacts& batches);

}  // namespace digits
