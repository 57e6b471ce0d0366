#pragma once

#include "base/result.hpp"
#include "caffe.pb.h"

namespace digits {

/// Puts a Split layer, named as Caffe names it, behind every blob that more than one bottom reads (a loss weight counts
/// as a reader). `net` is filtered already. Errors: kInvalidArgument for an unknown bottom, with layer, bottom and
/// index.
Result<caffe::NetParameter> insert_splits(const caffe::NetParameter& net);

}  // namespace digits
