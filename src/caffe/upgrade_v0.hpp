#pragma once

#include "base/result.hpp"
#include "caffe.pb.h"

namespace digits {

/// Caffe's first form: `layers { layer { type: "conv" … } }`.
bool has_v0_layers(const caffe::NetParameter& net);

/// Rewrites every V0 entry of `net.layers` as V1, with padding layers folded into the layer behind them. A field that
/// its layer type does not know is warned about in the log and left out, as in Caffe. Errors: kInvalidArgument with the
/// layer's name.
Status upgrade_v0_layers(caffe::NetParameter& net);

}  // namespace digits
