#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"

namespace digits {

/// What a layer is asked whether it belongs to: a phase and one of DIGITS's stages ("train", "val", "deploy").
caffe::NetState state_of(caffe::Phase phase, const char* stage);

/// Removes a layer's include and exclude rules.
void clear_rules(caffe::LayerParameter& layer);
/// Replaces them.
void include_only_in(caffe::LayerParameter& layer, caffe::Phase phase);

bool is_data_layer(const caffe::LayerParameter& layer);

/// Every bottom of a layer that the phase includes must be a top there, or an input. `use`: "training".
Status check_bottoms(const caffe::NetParameter& net, caffe::Phase phase, const char* use);

/// What to tell of outputs that no layer reads in training or validation and that are neither loss nor metric: they are
/// computed in vain. One sentence for each, "[layer] …".
std::vector<std::string> warn_of_unread_outputs(const caffe::NetParameter& train_val);

}  // namespace digits
