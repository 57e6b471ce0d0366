#include <ATen/ATen.h>

#include "engine/convolution/convolution_base.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// The gradient of a convolution, used forward. Weight (channels, num_output / group, kernel…).
class DeconvolutionLayer final : public ConvolutionBase {
  public:
    DeconvolutionLayer(const caffe::LayerParameter& parameter, const LayerContext& context)
        : ConvolutionBase(parameter, context, true) {}
};

}  // namespace

const LayerType kDeconvolutionLayer{
    "Deconvolution", create_layer<DeconvolutionLayer>, 1, kAnyCount, 1, kAnyCount, false, true};

}  // namespace digits
