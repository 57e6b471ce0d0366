#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"
#include "caffe.pb.h"
#include "engine/net/net.hpp"

namespace digits {

/// What is inside a network after a forward pass of one image, in DIGITS's order: for each layer of `definition` the
/// blobs it reads that were not told yet, its weights, the blobs it writes. A list of `name`, `layer`, `type`, `kind`
/// (`activation`, `weights`), `shape`, `mean`, `deviation`, `histogram` (`counts`, `low`, `high`), `parameters` (null
/// for activations) and `image`: a PNG in `folder`, or null (weights of InnerProduct layers).
Result<nlohmann::json> report_layers(const Net& net, const caffe::NetParameter& definition, const std::string& input,
                                     const std::filesystem::path& folder);

}  // namespace digits
