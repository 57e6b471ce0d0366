#pragma once

#include "caffe.pb.h"

namespace digits {

/// Whether a layer is max(x, 0), which other layers can fuse.
inline bool is_rectifier(const caffe::LayerParameter& parameter) {
    return parameter.type() == "ReLU" && parameter.relu_param().negative_slope() == 0;
}

}  // namespace digits
