#pragma once

#include "engine/net/blob.hpp"

namespace digits {

class Layer;
class Net;

/// Floating-point operations of a forward and of a backward pass: those of convolutions and products, which are nearly
/// all; a multiplication and an addition count as two.
struct Flops {
    double forward = 0;
    double backward = 0;
    double total() const { return forward + backward; }
};

Flops count_flops(const Net& net);
/// Of one forward pass of a layer of the net.
double layer_flops(const Net& net, Layer& layer);

/// What this machine, or a GPU of it, reaches in products of 2048 x 2048 matrices, in operations a second, measured now
/// (under a second).
double measure_matrix_limit(const Device& device = {});
/// What it reaches in the passes of a convolution of libtorch's (256 to 256 channels, 3 x 3, 28 x 28 pixels, batch 16,
/// channels last), forward and backward, measured now (a second or two).
double measure_convolution_limit(const Device& device = {});

}  // namespace digits
