#pragma once

#include "caffe.pb.h"
#include "engine/net/net.hpp"
#include "exports/onnx.hpp"

namespace digits {

/// A net's definition (filtered, upgraded) with its values, and the shapes of its blobs as they are now.
OnnxSource export_source_of(const Net& net, const caffe::NetParameter& definition);

/// The same of files, for a batch of one, without any preprocessing. Errors: those of the files and of the net.
Result<OnnxSource> export_source_of_files(const std::filesystem::path& network, const std::filesystem::path& weights);

}  // namespace digits
