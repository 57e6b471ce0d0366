#pragma once

#include "base/precision.hpp"
#include "base/result.hpp"
#include "engine/net/blob.hpp"

namespace digits {

/// Which arithmetic products are made with.
struct ProductMode {
    Precision precision = Precision::kFp32;
    /// Operands and results are rounded to the precision, and multiplied as fp32: the accuracy of a device that has the
    /// arithmetic, on one that lacks it.
    bool emulated = false;

    /// Operands are fp32 values.
    bool takes_floats() const { return precision == Precision::kFp32 || precision == Precision::kTf32; }

    /// Blobs between layers that can take it are in this precision, too. Not in fp16: gradients would be lost that are
    /// scaled within a product only.
    bool low_blobs() const { return precision == Precision::kBf16 && !emulated; }
};

/// The mode for a precision on a device. Errors: kFailedPrecondition with advice where the device makes products of
/// that precision no faster than fp32 ones, which is measured; with DIGITS_EMULATE_PRECISION=1 it is emulated then.
Result<ProductMode> product_mode(Precision precision, const Device& device);

}  // namespace digits
