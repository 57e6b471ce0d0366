#pragma once

#include <ATen/ATen.h>

namespace digits {

/// Views: a channels-last tensor as a matrix (pixels x channels), and such a matrix as planes with the pixels of
/// `like`.
inline at::Tensor channels_last_matrix(const at::Tensor& x) { return x.permute({0, 2, 3, 1}).view({-1, x.size(1)}); }
inline at::Tensor channels_last_planes(const at::Tensor& rows, at::IntArrayRef like) {
    return rows.view({like[0], like[2], like[3], -1}).permute({0, 3, 1, 2});
}

}  // namespace digits
