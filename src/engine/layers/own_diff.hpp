#pragma once

#include <ATen/core/Tensor.h>

#include "engine/net/blob.hpp"

namespace digits {

/// The gradient for changes in place: a copy if another blob shares it, as the bottoms of a sum do.
inline at::Tensor own_diff(Blob& blob) {
    const at::Tensor diff = blob.diff();
    const bool is_shared = diff.use_count() > 2 || diff.storage().use_count() > 1;  // the blob's and this one
    if (is_shared) blob.set_diff(diff.clone());
    return blob.diff();
}

}  // namespace digits
