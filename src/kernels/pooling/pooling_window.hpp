#pragma once

#include <algorithm>
#include <cstdint>

namespace digits {

/// The windows of a pooling along one axis, in pixels.
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
};

}  // namespace digits
