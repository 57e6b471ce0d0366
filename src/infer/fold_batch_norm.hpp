#pragma once

#include "caffe.pb.h"

namespace digits {

struct FoldedNet {
    caffe::NetParameter definition, weights;
    int folded = 0;  ///< layers that are gone
};

/// Folds BatchNorm layers, which use their statistics, and Scale layers with one factor a channel into the convolution
/// or inner product before them: w' = w g / sqrt(v + eps), b' = (b - m) g / sqrt(v + eps) + s. `definition`: layers of
/// a deployed network, without Split layers; `weights`: the layers with their values (Net::to_proto()). A layer whose
/// input somebody else reads stays, and so do shared parameters. Outputs keep their names and, but for rounding, their
/// values.
FoldedNet fold_batch_norm(caffe::NetParameter definition, caffe::NetParameter weights);

/// Whether a network has layers of these types; folding needs all weights a second time.
bool may_fold(const caffe::NetParameter& definition);

}  // namespace digits
