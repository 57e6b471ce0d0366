#pragma once

#include "infer/predictor.hpp"

namespace digits {

/// A deploy net with the weights of a snapshot, from a model's folder (deploy.prototxt, train_val.prototxt, snapshots).
Result<std::unique_ptr<Predictor>> open_caffe_predictor(const PredictorOptions& options);

}  // namespace digits
