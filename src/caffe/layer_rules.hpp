#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"

namespace digits {

/// Whether layers of this type may have weights of their own.
bool has_weights(std::string_view type);

/// Whether a layer of this type is a loss without a loss_weight.
bool is_loss_type(std::string_view type);

/// In one network, each layer with weights needs a name that no other layer has: snapshots store weights by name.
/// `net` is upgraded; `text` is what it was parsed from. Returns warnings about other layers that share a name. Errors:
/// kInvalidArgument with both lines.
Result<std::vector<std::string>> check_layer_names(const caffe::NetParameter& net, std::string_view text);

/// Whether something in the network to train is a loss; without one nothing is learned. Errors: kInvalidArgument.
Status check_loss(const caffe::NetParameter& train_val);

/// Of each layer that names a stage which no network has ("trian"), or that is in no network: what is wrong.
std::vector<std::string> unused_stages(const caffe::NetParameter& net);

}  // namespace digits
