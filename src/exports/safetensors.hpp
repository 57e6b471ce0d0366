#pragma once

#include <map>
#include <string>

#include "base/result.hpp"
#include "caffe.pb.h"

namespace digits {

/// Bytes of a safetensors file: each parameter of a network's layers as `layer.N` in fp32, N its place in Caffe, in the
/// order of the layers. `metadata` becomes the header's `__metadata__`. Errors: kInvalidArgument for damaged weights.
Result<std::string> write_safetensors(const caffe::NetParameter& net,
                                      const std::map<std::string, std::string>& metadata);

}  // namespace digits
