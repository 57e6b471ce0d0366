#pragma once

#include <cstdint>

#include "caffe.pb.h"
#include "kernels/pooling/pooling_window.hpp"

namespace digits {

/// The windows by Caffe's rules: sizes round up (or down with round_mode FLOOR); with any padding, a last window that
/// would start in it is dropped. Throws EngineError for fields that contradict each other.
PoolingWindow make_pooling_window(const caffe::PoolingParameter& parameter, std::int64_t height, std::int64_t width);

}  // namespace digits
