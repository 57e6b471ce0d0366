#pragma once

#include <algorithm>
#include <cstdint>

#include "caffe.pb.h"

namespace digits {

/// Where a pooling layer's windows lie along one axis, by Caffe's rules.
struct PoolingAxis {
    std::int64_t size = 0, kernel = 0, stride = 1, pad = 0;
    std::int64_t outputs = 0;

    std::int64_t start(std::int64_t i) const { return i * stride - pad; }  // may be negative: padding
    std::int64_t end(std::int64_t i) const { return std::min(start(i) + kernel, size + pad); }
    std::int64_t first(std::int64_t i) const { return std::max<std::int64_t>(start(i), 0); }  // of the real pixels
    std::int64_t last(std::int64_t i) const { return std::min(start(i) + kernel, size); }     // one past
};

struct PoolingWindow {
    PoolingAxis y, x;

    /// Sizes round up (or down with round_mode FLOOR); with any padding, a last window that would start in it is
    /// dropped. Throws EngineError for fields that contradict each other.
    static PoolingWindow of(const caffe::PoolingParameter& parameter, std::int64_t height, std::int64_t width);
};

}  // namespace digits
