#pragma once

#include <memory>

#include "engine/net/layer.hpp"

namespace digits {

/// Whether the settings are those of NVIDIA's Caffe, with scale and shift inside the layer.
bool is_nvidia_batch_norm(const caffe::BatchNormParameter& parameter);

/// Blobs: mean, variance, 1, scale, shift; mean and variance as they are, not as sums.
std::unique_ptr<Layer> create_nvidia_batch_norm(const caffe::LayerParameter& parameter, const LayerContext& context);

/// The five blobs of a stored BatchNorm in this order: NVIDIA's Caffe 0.15 has scale, shift, mean, variance, 1.
void sort_nvidia_batch_norm(caffe::LayerParameter& stored, std::int64_t channels);

}  // namespace digits
