#pragma once

#include "base/result.hpp"
#include "caffe.pb.h"

namespace digits {

/// With include rules: whether one matches; else whether no exclude rule does.
bool is_included(const caffe::LayerParameter& layer, const caffe::NetState& state);

/// The layers that `state` (phase, level, stages) keeps, by their include and exclude rules; the order stays.
/// Errors: kInvalidArgument for a layer with both include and exclude rules.
Result<caffe::NetParameter> filter_net(const caffe::NetParameter& net, const caffe::NetState& state);

}  // namespace digits
