#pragma once

#include "base/result.hpp"
#include "caffe.pb.h"

namespace digits {

/// Brings a network or weights of any age (V0, V1, `input_dim`, transforms in data layers, BatchNorm with three params)
/// to the present form, in place. True if something changed. Errors: kInvalidArgument naming the layer that cannot be
/// upgraded.
Result<bool> upgrade_net(caffe::NetParameter& net);
/// `solver_type: ADAM` to `type: "Adam"`.
Result<bool> upgrade_solver(caffe::SolverParameter& solver);

}  // namespace digits
