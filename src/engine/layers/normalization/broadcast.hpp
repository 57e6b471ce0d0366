#pragma once

#include <ATen/ATen.h>

#include "engine/net/layer.hpp"

namespace digits {

/// How a small blob (a scale, a bias) is broadcast along the axes [axis, axis + shape.size()) of a larger one.
class Broadcast {
  public:
    Broadcast() = default;
    Broadcast(int axis, const Shape& small, const Shape& large) : view_(large.size(), 1) {
        for (std::size_t i = 0; i < small.size(); ++i) view_[static_cast<std::size_t>(axis) + i] = small[i];
        for (std::size_t i = 0; i < large.size(); ++i)
            if (i < static_cast<std::size_t>(axis) || i >= static_cast<std::size_t>(axis) + small.size())
                others_.push_back(static_cast<std::int64_t>(i));
    }

    /// The small tensor with axes of size 1 around it.
    at::Tensor spread(const at::Tensor& small) const { return small.reshape(view_); }
    /// The large tensor summed to the small one's shape.
    at::Tensor gather(const at::Tensor& large, const Shape& small) const {
        return (others_.empty() ? large.clone() : large.sum(others_)).reshape(small);
    }

  private:
    Shape view_;
    Shape others_;
};

/// The axes of the parameter of a Scale or Bias layer: `num_axes` from `axis` on, -1 for all. Throws EngineError.
inline Shape broadcast_shape(const Blob& bottom, int axis, int num_axes) {
    if (num_axes < -1) throw_invalid("num_axes must be -1 (all that follow) or more; got {}", num_axes);
    const int end = num_axes == -1 ? bottom.axis_count() : axis + num_axes;
    if (end > bottom.axis_count())
        throw_invalid("axis {} plus num_axes {} goes past the bottom's {} axes", axis, num_axes, bottom.axis_count());
    return {bottom.shape().begin() + axis, bottom.shape().begin() + end};
}

/// Throws EngineError unless `small` fits `large` from `axis` on.
inline void check_broadcast(const Blob& large, const Blob& small, int axis) {
    bool fits = axis + small.axis_count() <= large.axis_count();
    for (int i = 0; fits && i < small.axis_count(); ++i) fits = small.dim(i) == large.dim(axis + i);
    if (!fits)
        throw_invalid("bottom 1 of shape {} does not fit bottom 0 of shape {} from axis {} on",
                      shape_text(small.shape()), shape_text(large.shape()), axis);
}

}  // namespace digits
