#pragma once

#include <cstdint>

#include "caffe.pb.h"
#include "engine/net/blob.hpp"

namespace digits {

/// Throws EngineError for an unknown type or bad settings, as fill() does.
void check_filler(const Shape& shape, const caffe::FillerParameter& filler);

/// The first values of a parameter (Caffe's fillers), on the CPU. Throws EngineError for an unknown type or bad
/// settings.
at::Tensor fill(const Shape& shape, const caffe::FillerParameter& filler, std::uint64_t key);

}  // namespace digits
