#pragma once

#include <cstddef>

namespace digits {

class Layer;

/// A layer that can do the work of in-place layers behind it in its own passes over memory.
class Absorber {
  public:
    virtual ~Absorber() = default;
    /// Whether this layer takes over the work of the in-place layer `next` behind its only top, forward and backward,
    /// with the same numbers in blobs and parameters. Asked once, after set_up; `next` lives as long as this.
    virtual bool absorb(Layer& next) = 0;
    /// How many layers behind this one it has absorbed; filled in by the net.
    std::size_t absorbed = 0;
};

}  // namespace digits
