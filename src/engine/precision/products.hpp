#pragma once

#include <ATen/core/Tensor.h>

#include "engine/precision/product_mode.hpp"

namespace digits {

/// Takes a layer's operands to the precision of its products, and what comes out back to fp32. Products are summed in
/// fp32 by all libraries; only operands and results are rounded.
class Products {
  public:
    explicit Products(const ProductMode& mode) : mode_(mode) {}

    /// Operands are of another type than float: kernels for floats cannot take them.
    bool is_native() const { return !mode_.takes_floats() && !mode_.emulated; }

    at::Tensor operand(const at::Tensor& x) const;
    at::Tensor result(const at::Tensor& y) const;
    /// Bottoms and tops may be of low precision.
    bool has_low_blobs() const { return mode_.low_blobs(); }
    /// A result for a blob between layers, which stays as it is where blobs may be in this precision.
    at::Tensor passed_on(const at::Tensor& y) const { return mode_.low_blobs() ? y : result(y); }

    /// A top's gradient as an operand. fp16 loses what is under 6e-8, so gradients are brought near 1 by a power of two
    /// that fits each tensor (loss scaling without a state that a resumed training would have to know).
    struct Gradient {
        at::Tensor operand;
        at::Tensor scale;  ///< undefined: 1
    };
    Gradient gradient(const at::Tensor& dy) const;
    /// What a product with the gradient gave, which is linear in it.
    at::Tensor result(const at::Tensor& y, const Gradient& gradient) const;
    at::Tensor passed_on(const at::Tensor& y, const Gradient& gradient) const {
        return mode_.low_blobs() ? y : result(y, gradient);
    }

  private:
    ProductMode mode_;
};

}  // namespace digits
