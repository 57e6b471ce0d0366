#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"

namespace digits {

struct WholeNetwork {
    caffe::NetParameter net;
    std::vector<std::string> changes;  ///< in words; empty: the network is as it was given
};

/// Makes of any network for Caffe one that serves training, validation and use (docs/formats/networks.md). One that
/// names stages only loses what its data layers say of files. One for training alone (train_val.prototxt) gets a
/// Softmax for use, one for use alone (deploy.prototxt) gets loss and accuracy; data layers go, as Digits adds those of
/// its dataset. `net` is upgraded.
WholeNetwork make_whole_network(const caffe::NetParameter& net);

}  // namespace digits
